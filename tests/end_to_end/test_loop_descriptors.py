"""Event loops with descriptor tables of their own: the limit on open files counts for each loop."""

import asyncio
import json
import signal
import socket
import urllib.parse

import herald
import pytest
import websockets

LIMIT = 200
LOOPS = 3


class LimitedServer(herald.Server):
    def command(self):
        return ["prlimit", f"--nofile={LIMIT}:{LIMIT}", *super().command()]


async def connect(server, count, open_timeout):
    """So many devices one after the other, or as many as the server takes."""
    devices = []
    for _ in range(count):
        try:
            devices.append(await websockets.connect(server.ws, subprotocols=["push-notification"], open_timeout=open_timeout))
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
            break
    return devices


async def close(devices):
    await asyncio.gather(*(device.close() for device in devices))


@pytest.mark.no_sanitizer
@pytest.mark.parametrize(("descriptors", "more_than_the_limit"), [("own", True), ("shared", False)])
async def test_own_descriptors_go_past_the_limit_of_a_process(tmp_path, descriptors, more_than_the_limit):
    flags = ("--loops", str(LOOPS), "--loop-descriptors", descriptors, "--limits-connections-per-address", "10000",
             "--limits-handshake-timeout-ms", "600000")  # they say nothing, and are to stay
    with LimitedServer(tmp_path, *flags) as server:
        # Who finds no place waits in vain, while who has one may have to wait for the machine.
        devices = await connect(server, 2 * LIMIT, herald.WAIT_SECONDS if more_than_the_limit else 5)
        assert (len(devices) > LIMIT) == more_than_the_limit
        await close(devices)


async def test_loops_with_own_descriptors_serve_as_others_do(tmp_path):
    with herald.Server(tmp_path, "--loops", str(LOOPS), "--loop-descriptors", "own") as server:
        for turn in range(3):
            token = herald.token(server)
            urls = []
            async with herald.Device(server, token) as device:
                urls.append(await device.register_wa(f"own {turn}"))
            # Comes back, perhaps on another loop, and takes itself over on a third.
            async with herald.Device(server, token) as first, herald.Device(server, token) as second:
                herald.notify(urls[0], "hello", id="hello")
                assert (await second.notification())["message"] == "hello"
                del first
            herald.receipt_state(urls[0], "hello", "acked")
            herald.notify(urls[0], "while away", id="away")
            server.restart()
            async with herald.Device(server, token) as device:
                assert (await device.notification())["message"] == "while away"


def test_a_drain_closes_the_listeners_of_all_tables(tmp_path):
    flags = ("--limits-close-timeout-ms", "600000", "--limits-drain-timeout-ms", "600000")
    server = herald.Server(tmp_path, "--loops", str(LOOPS), "--loop-descriptors", "own", *flags).start()
    address = urllib.parse.urlsplit(server.url)
    # It does not answer the close frame, so the drain goes on until it ends.
    silent = herald.RawConnection(server.url)
    assert silent.upgrade()[0] == 101
    silent.send_frame(1, json.dumps({"data": {"uatoken": herald.token(server)}, "command": "register/ua"}))
    assert silent.frame() == (1, b"OK")
    server.signal(signal.SIGTERM)
    assert silent.close_code() == 1001

    def refused():
        try:
            socket.create_connection((address.hostname, address.port), herald.WAIT_SECONDS).close()
        except ConnectionRefusedError:
            return True

    herald.eventually(refused, "no listener is left in any table")
    assert server.process.poll() is None
    silent.socket.close()
    assert server.wait() == 0
    server.process.stdout.close()
