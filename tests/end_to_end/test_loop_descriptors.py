"""Event loops with descriptor tables of their own: the limit on open files counts for each loop."""

import asyncio
import json
import signal

import herald
import pytest
import websockets

LIMIT = 200
LOOPS = 3


class LimitedServer(herald.Server):
    def command(self):
        return ["prlimit", f"--nofile={LIMIT}:{LIMIT}", *super().command()]


async def connect(server, count):
    """So many devices one after the other, or as many as the server takes."""
    devices = []
    for _ in range(count):
        try:
            devices.append(await websockets.connect(server.ws, subprotocols=["push-notification"], open_timeout=5))
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
            break
    return devices


async def close(devices):
    await asyncio.gather(*(device.close() for device in devices))


@pytest.mark.no_sanitizer
@pytest.mark.parametrize(("descriptors", "more_than_the_limit"), [("own", True), ("shared", False)])
async def test_own_descriptors_go_past_the_limit_of_a_process(tmp_path, descriptors, more_than_the_limit):
    flags = ("--loops", str(LOOPS), "--loop-descriptors", descriptors, "--limits-connections-per-address", "10000")
    with LimitedServer(tmp_path, *flags) as server:
        devices = await connect(server, 2 * LIMIT)
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


async def test_a_drain_closes_the_listeners_of_all_tables(tmp_path):
    server = herald.Server(tmp_path, "--loops", str(LOOPS), "--loop-descriptors", "own").start()
    async with websockets.connect(server.ws, subprotocols=["push-notification"], open_timeout=herald.WAIT_SECONDS) as device:
        await device.send(json.dumps({"data": {"uatoken": herald.token(server)}, "command": "register/ua"}))
        assert await device.recv() == "OK"
        server.signal(signal.SIGTERM)
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            await device.recv()
    with pytest.raises(OSError):
        await websockets.connect(server.ws, open_timeout=herald.WAIT_SECONDS)
    assert server.wait() == 0
    server.process.stdout.close()
