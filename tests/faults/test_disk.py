"""The disk takes no writes for a while, under a running server and at a start."""

import asyncio
import resource
import shutil
import sys

from support.herald import Device, Server, eventually, notify, post_json

# A process that ignores SIGXFSZ gets an error for each write past its limit on the size of files.
IGNORING = "import os, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"


class LimitedServer(Server):
    """A server whose disk can be taken away."""

    def command(self):
        return [sys.executable, "-c", IGNORING, *super().command()]

    def take_disk(self):
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def give_disk(self):
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def accepted(url, message):
    return lambda: post_json(url, {"message": message}).status == 200


def test_the_server_survives_a_disk_that_takes_no_writes(tmp_path):
    async def run(server):
        async with Device(server) as device:
            url = await device.register_wa("app")
            notify(url, "before")
            assert (await device.notification())["message"] == "before"
            server.take_disk()
            for _ in range(20):
                answer = post_json(url, {"message": "refused"})
                assert answer.status == 503, answer
                assert int(answer.headers["Retry-After"]) > 0
            assert server.process.poll() is None
            server.give_disk()
            eventually(accepted(url, "after"), "the store takes writes again")
            # On the same connection. What was refused may come: a failed write can reach the disk all the same.
            await device.see("after")

    with LimitedServer(tmp_path) as server:
        asyncio.run(run(server))
    assert not (tmp_path / "data" / "database" / "LOG").exists()


def test_a_lost_write_ahead_log_stops_the_start_unless_it_is_accepted(tmp_path):
    async def fill(server):
        async with Device(server) as device:
            url = await device.register_wa("app")
        notify(url, "stored")

    with Server(tmp_path) as server:
        asyncio.run(fill(server))
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "data", kept)
    (log,) = (tmp_path / "data" / "database").glob("*.log")
    log.unlink()
    server = Server(tmp_path)
    try:
        server.start()
        raise RuntimeError("it started without its log")
    except AssertionError:
        assert server.process.returncode == 6
    assert log.name in server.log()
    assert "--missing-data accept" in server.log()
    with Server(tmp_path, "--missing-data", "accept"):
        pass
    with Server(tmp_path):
        pass
