"""SimplePush user agents over WebSocket, vector by vector (docs/protocols.md)."""

import asyncio
import socket
import time

import herald
import pytest
from webpush import SimplePushDevice, put_version

C1 = "6ba7b810-dad1-41d1-80b4-00c04fd430c8"
NETWORK = {"mcc": "214", "mnc": "07", "netid": "tid-internal"}


async def known_device(server):
    """A device with the channel C1, offline, and its endpoint."""
    async with SimplePushDevice(server) as device:
        _, endpoint = await device.register(C1)
        assert endpoint.startswith(server.url + "/spush/v1/")
    return device, endpoint


async def back(device, channels=(C1,), **more):
    again = await SimplePushDevice(device.server, device.uaid).connect()
    reply = await again.hello(channels, **more)
    assert again.uaid == device.uaid
    return again, reply


async def test_a_version_and_its_ack(plain_server):
    async with SimplePushDevice(plain_server) as device:
        _, endpoint = await device.register(C1)
        assert (await device.register(C1))[1] == endpoint
        put_version(endpoint, 5)
        assert await device.update() == (C1, 5)
        await device.send({})
        assert await device.receive() == {}
        await device.nothing()


async def test_a_hello_that_lists_no_channels_is_one_on_the_subprotocol(plain_server):
    """As devices of Telefónica's server, v1.3, say it."""
    device = await SimplePushDevice(plain_server).connect()
    await device.send({"messageType": "hello"})
    reply = await device.receive()
    assert reply["status"] == 200 and "use_webpush" not in reply
    _, endpoint = await device.register("any-name")
    put_version(endpoint, 5)
    assert await device.update() == ("any-name", 5)
    await device.close()


async def test_a_version_may_be_left_to_the_server(plain_server):
    async with SimplePushDevice(plain_server) as device:
        _, endpoint = await device.register(C1)
        for body in ("", "version=", "version=\r\n"):
            before = int(time.time())
            assert herald.request("PUT", endpoint, body).status == 200
            _, version = await device.update()
            assert before <= version <= int(time.time())
        assert herald.request("PUT", endpoint, "version=7\n").status == 200
        assert await device.update() == (C1, 7)


async def test_a_hello_has_room_for_all_the_channels_that_a_device_may_have(plain_server):
    channels = [f"{n:04}" + "x" * 124 for n in range(1000)]
    async with SimplePushDevice(plain_server) as device:
        for first in range(0, len(channels), 100):
            for channel in channels[first:first + 100]:
                await device.send({"messageType": "register", "channelID": channel})
            for _ in range(100):
                assert (await device.expect("register"))["status"] == 200
    again, reply = await back(device, channels)
    assert reply["status"] == 200
    await again.nothing()
    await again.close()


async def test_only_the_latest_version_waits_and_a_ping_brings_it_again(plain_server):
    device, endpoint = await known_device(plain_server)
    put_version(endpoint, 6)
    put_version(endpoint, 7)
    again, _ = await back(device)
    assert await again.update(ack=False) == (C1, 7)
    await again.send({})
    assert await again.receive() == {}
    assert await again.update() == (C1, 7)
    await again.send({})
    assert await again.receive() == {}
    await again.nothing()
    await again.close()


async def test_both_sides_agree_on_the_channels(plain_server):
    device, endpoint = await known_device(plain_server)
    again, _ = await back(device, [C1, "new-chan"])
    reply = await again.expect("register")
    assert reply["status"] == 200 and reply["channelID"] == "new-chan"
    new_endpoint = reply["pushEndpoint"]
    put_version(new_endpoint, 1)
    assert await again.update() == ("new-chan", 1)
    await again.close()
    again, _ = await back(device, ["new-chan"])
    await again.answered()  # both agree; what is sent to the other channel now would come before what follows it
    herald.request("PUT", endpoint, "version=9")
    put_version(new_endpoint, 2)
    seen = [("new-chan", 1)]  # its ack may still be on its way to the store
    while seen[-1] != ("new-chan", 2):
        seen.append(await again.update())
    assert set(seen) == {("new-chan", 1), ("new-chan", 2)}
    await again.close()


async def test_an_unknown_uaid_loses_its_channels(plain_server):
    device = await SimplePushDevice(plain_server, "garbage").connect()
    assert (await device.hello(["x"]))["status"] == 200
    assert device.uaid != "garbage"
    await device.nothing()
    await device.close()


async def test_unregister(plain_server):
    async with SimplePushDevice(plain_server) as device:
        await device.register(C1)
        assert await device.unregister(C1) == {"channelID": C1, "messageType": "unregister", "status": 202}
        assert (await device.unregister(C1))["status"] == 457
        await device.register("another")


async def test_a_device_that_can_be_woken_sleeps_is_pinged_and_comes_back(own_server):
    server = own_server("--limits-wakeup-idle-ms", "2000")
    device, endpoint = await known_device(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 0))
        port.settimeout(herald.WAIT_SECONDS)
        wake = {"wakeup_hostport": {"ip": "127.0.0.1", "port": port.getsockname()[1]}, "mobilenetwork": NETWORK}
        again, reply = await back(device, **wake)
        assert reply["status"] == 201
        assert await again.closed() == (4774, "UDP Wakeup")
        put_version(endpoint, 8)
        datagram = await asyncio.get_running_loop().run_in_executor(None, port.recv, 100)
        assert datagram.startswith(b"NOTIFY ")
        again, reply = await back(device, **wake)
        assert reply["status"] == 201
        assert await again.update(ack=False) == (C1, 8)  # it may be sent to sleep again before it could ack
        await again.close()


@pytest.mark.parametrize("host", [{"ip": "8.8.8.8", "port": 5000}, {"ip": "127.0.0.1", "port": 65535},
                                  {"ip": "127.0.0.1", "port": 0}])
async def test_p16_a_device_that_must_not_be_pinged_stays_awake(own_server, host):
    server = own_server("--limits-wakeup-idle-ms", "100")
    device, _ = await known_device(server)
    again, reply = await back(device, wakeup_hostport=host, mobilenetwork=NETWORK)
    assert reply["status"] == 200
    await again.nothing(0.5)
    await again.close()


async def test_p1_without_the_subprotocol(plain_server):
    device = await SimplePushDevice(plain_server, subprotocols=()).connect()
    reply = await device.hello_refused()
    assert reply == {"messageType": "hello", "status": 460, "reason": "Failed registering UAID"}
    await device.closed()


ROWS = {
    "P2 binary": (b"\x01", {"status": 463, "reason": "Binary messages not yet supported"}),
    "P3 not JSON": ("{oops", {"status": 450, "reason": "Data received is not a valid JSON package"}),
    "P4 null": ("null", {"status": 450, "reason": "Data received is not a valid JSON package"}),
    "P6 unknown type": ({"messageType": "dance"}, {"status": 405, "reason": "messageType not recognized"}),
    "P7 no channel": ({"messageType": "register", "channelID": 5},
                      {"messageType": "register", "status": 457, "reason": "Not valid channelID sent"}),
    "P9 no updates": ({"messageType": "ack"},
                      {"messageType": "ack", "status": 457, "reason": "Not valid channelID sent"}),
}


@pytest.mark.parametrize("row", ROWS)
async def test_frames_that_are_answered_and_end_the_connection(plain_server, row):
    frame, reply = ROWS[row]
    device = await SimplePushDevice(plain_server).connect()
    await device.hello()
    await device.send(frame)
    assert await device.receive() == reply
    await device.closed()


async def test_p12_a_message_too_long(plain_server):
    device = await SimplePushDevice(plain_server).connect()
    await device.hello()
    await device.send("x" * 20481)
    assert (await device.closed())[0] == 1009


async def test_p10_and_p11_keep_the_connection(plain_server):
    async with SimplePushDevice(plain_server) as device:
        await device.send({"messageType": "ack", "updates": [{"channelID": "c", "version": -1}]})
        reply = await device.receive()
        assert reply["status"] == 457 and reply["channelID"] == "c" and reply["version"] == -1
        await device.send({"messageType": "hello", "uaid": None, "channelIDs": []})
        await device.register("after-it")
