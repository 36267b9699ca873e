"""Web Push user agents over WebSocket, vector by vector (docs/protocols.md)."""

import asyncio
import json

import herald
import pytest
from webpush import BODY, WebPushDevice, push, unpadded

KEY = "BHaua9FjTgFEve4UZM4B3ybm2X--1A9cJ0aOJW167zhTpaPpa1fHEWC4wpPYQUxCeQKkRAky5iTVzXqXuBgA5R8="


async def offline(device):
    """Ends the connection; returns when the server has noticed."""
    before = herald.metric(device.server, "herald_devices_connected")
    await device.close()
    herald.eventually(lambda: herald.metric(device.server, "herald_devices_connected") < before, "the device left")


async def test_subscribe_send_receive_ack(server):
    async with WebPushDevice(server) as device:
        assert device.socket.subprotocol == "push-notification"
        channel, endpoint = await device.register()
        assert endpoint.startswith(server.url + "/wpush/v1/")
        if server.context:
            return  # senders over TLS are tested with the application servers
        push(endpoint)
        frame = await device.notification()
        assert frame["channelID"] == channel and frame["data"] == unpadded(BODY)
        assert frame["headers"] == {"encoding": "aes128gcm"}
        push(endpoint, body=b"")
        empty = await device.notification()
        assert "data" not in empty and "headers" not in empty
        assert (await device.register(channel))[1] == endpoint, "repeating it changes nothing"


async def test_clients_without_the_subprotocol_and_without_use_webpush(plain_server):
    device = await WebPushDevice(plain_server, subprotocols=()).connect()
    assert device.socket.subprotocol is None
    await device.send({"messageType": "hello"})
    reply = await device.receive()
    assert reply["status"] == 200 and reply["use_webpush"] is True
    await device.register()
    await device.close()


async def test_a_key_makes_another_endpoint_and_a_bad_one_is_refused(plain_server):
    async with WebPushDevice(plain_server) as device:
        channel, endpoint = await device.register(key=KEY)
        assert "/wpush/v2/" in endpoint
        assert (await device.register(channel, key=KEY.rstrip("=")))[1] == endpoint
        await device.send({"messageType": "register", "channelID": channel, "key": "!!!"})
        assert (await device.expect("register"))["status"] == 400
        push(endpoint, status=401)


async def test_stored_messages_follow_the_hello_in_tens_and_only_once_acked_they_are_gone(plain_server):
    async with WebPushDevice(plain_server) as device:
        _, endpoint = await device.register()
        uaid = device.uaid
        await offline(device)
    for _ in range(25):
        push(endpoint)
    device = await WebPushDevice(plain_server, uaid).connect()
    assert (await device.hello())["uaid"] == uaid
    first = [await device.notification(ack=False) for _ in range(10)]
    await device.nothing()
    completed = herald.metric(plain_server, "herald_messages_completed_total")
    for frame in first[:9]:
        await device.ack(frame)
    more = [await device.notification(ack=False) for _ in range(9)]
    await device.nothing()
    herald.eventually(lambda: herald.metric(plain_server, "herald_messages_completed_total") >= completed + 9,
                      "the acks are recorded")
    device.drop()
    again = await WebPushDevice(plain_server, uaid).connect()
    await again.hello()
    rest = [await again.notification() for _ in range(16)]
    seen = [frame["version"] for frame in first + more]
    assert [frame["version"] for frame in rest[:10]] == [seen[9], *seen[10:]], "the unacked ones, the same versions"
    assert len({frame["version"] for frame in first + rest}) == 25
    await again.nothing()
    await again.close()


async def test_an_app_that_is_not_acked_holds_up_no_other(plain_server):
    async with WebPushDevice(plain_server) as device:
        _, silent = await device.register()
        other, endpoint = await device.register()
        uaid = device.uaid
        for _ in range(12):
            push(silent)
        first = [await device.notification(ack=False) for _ in range(10)]
        push(endpoint, Urgency="high")
        assert (await device.notification())["channelID"] == other
        await device.send({"messageType": "nack", "version": first[0]["version"], "code": 301})
        assert (await device.notification(ack=False))["channelID"] == first[0]["channelID"], "a nack makes room"
        await offline(device)
    push(endpoint)
    device = await WebPushDevice(plain_server, uaid).connect()
    await device.hello()
    again = [await device.notification(ack=False) for _ in range(11)]
    assert [frame["channelID"] for frame in again].count(other) == 1
    await device.close()


async def test_a_topic_replaces_what_was_not_delivered(plain_server):
    async with WebPushDevice(plain_server) as device:
        _, endpoint = await device.register()
        uaid = device.uaid
        await offline(device)
    push(endpoint, body=BODY + b"1", Topic="a")
    push(endpoint, body=BODY + b"2", Topic="a")
    push(endpoint, body=BODY + b"3")
    device = await WebPushDevice(plain_server, uaid).connect()
    await device.hello()
    got = [(await device.notification())["data"] for _ in range(2)]
    assert got == [unpadded(BODY + b"2"), unpadded(BODY + b"3")]
    await device.nothing()
    await device.close()


async def test_ttl_0_reaches_only_a_device_that_is_connected(plain_server):
    async with WebPushDevice(plain_server) as device:
        _, endpoint = await device.register()
        uaid = device.uaid
        push(endpoint, ttl=0)
        await device.notification(ack=False)
        await offline(device)
    routed = herald.metric(plain_server, "herald_routed_total")
    push(endpoint, ttl=0)
    herald.eventually(lambda: herald.metric(plain_server, "herald_routed_total") > routed, "the monitor looked for it")
    device = await WebPushDevice(plain_server, uaid).connect()
    await device.hello()
    await device.nothing()
    await device.close()


async def test_an_unacked_message_comes_again_with_the_same_version(plain_server):
    async with WebPushDevice(plain_server) as device:
        _, endpoint = await device.register()
        push(endpoint)
        first = await device.notification(ack=False)
    again = await WebPushDevice(plain_server, device.uaid).connect()
    await again.hello()
    assert await again.notification() == first
    await again.close()


async def test_a_second_connection_takes_over_wherever_it_lands(plain_server):
    first = await WebPushDevice(plain_server).connect()
    await first.hello()
    _, endpoint = await first.register()
    for _ in range(4):
        second = await WebPushDevice(plain_server, first.uaid).connect()
        await second.hello()
        await first.closed()
        push(endpoint)
        await second.notification()
        first = second
    await first.close()


async def test_uaids_are_kept_if_they_verify_and_nobody_can_take_anothers(plain_server):
    async with WebPushDevice(plain_server) as device:
        await device.register()
        forged = device.uaid[:-1] + ("A" if device.uaid[-1] != "A" else "B")
        for uaid in [forged, "11111111-1111-4111-8111-111111111111", "not-a-uuid"]:
            stranger = await WebPushDevice(plain_server, uaid).connect()
            await stranger.hello()
            assert stranger.uaid != uaid
            await stranger.close()
        await device.register()


async def test_unregister_makes_the_endpoint_answer_410(plain_server):
    async with WebPushDevice(plain_server) as device:
        channel, endpoint = await device.register()
        reply = await device.unregister(channel)
        assert reply == {"messageType": "unregister", "channelID": channel, "status": 200}
        assert (await device.unregister(channel))["status"] == 200
        push(endpoint, status=410)


async def test_pings(plain_server):
    async with WebPushDevice(plain_server) as device:
        await device.send("{}")
        assert await device.receive() == {}
        await device.send({"messageType": "ping"})
        assert await device.closed() == (1011, "SM")


async def test_broadcasts_are_set_by_the_operator_and_survive_a_restart(own_server):
    server = own_server()
    url = server.operations + "/broadcasts/remote-settings/monitor_changes"
    wanted = {"remote-settings/monitor_changes": '"v1"', "nope": "1"}
    assert herald.request("PUT", url, '"v2"', headers=server.operator).status == 204
    device = await WebPushDevice(server).connect()
    reply = await device.hello(broadcasts=wanted)
    assert reply["broadcasts"] == {"remote-settings/monitor_changes": '"v2"', "errors": {"nope": "Broadcast not found"}}
    assert herald.request("PUT", url, '"v3"', headers=server.operator).status == 204
    assert (await device.expect("broadcast"))["broadcasts"] == {"remote-settings/monitor_changes": '"v3"'}
    await device.close()
    server.restart()
    assert herald.get(server.operations + "/broadcasts").json == {"remote-settings/monitor_changes": '"v3"'}
    device = await WebPushDevice(server).connect()
    reply = await device.hello(broadcasts={"remote-settings/monitor_changes": '"v3"'})
    assert reply["broadcasts"] == {}
    await device.close()
    assert herald.request("DELETE", server.operations + "/broadcasts/remote-settings/monitor_changes", headers=server.operator).status == 204
    assert herald.request("PUT", server.operations + "/broadcasts/x", "", headers=server.operator).status == 400


async def test_less_urgent_messages_wait_until_they_are_wanted(plain_server):
    async with WebPushDevice(plain_server) as device:
        _, endpoint = await device.register()
        await device.send({"messageType": "urgency", "min": "high"})
        assert (await device.expect("urgency"))["min"] == "high"
        push(endpoint, body=BODY + b"l", Urgency="low")
        push(endpoint, body=BODY + b"h", Urgency="high")
        assert (await device.notification())["data"] == unpadded(BODY + b"h")
        await device.send({"messageType": "urgency", "min": "very-low"})
        assert (await device.notification())["data"] == unpadded(BODY + b"l")


async def test_what_was_accepted_survives_a_kill(own_server):
    server = own_server()
    device = await WebPushDevice(server).connect()
    await device.hello()
    _, endpoint = await device.register()
    await device.close()
    push(endpoint)
    server.restart()
    again = await WebPushDevice(server, device.uaid).connect()
    assert (await again.hello())["uaid"] == device.uaid
    assert (await again.notification())["data"] == unpadded(BODY)
    await again.close()


CHANNEL = "d9b74644-4f97-46aa-b8fa-9393985cd6cd"
HELLO = {"messageType": "hello", "use_webpush": True}
ROWS = {
    "W1 ping first": (False, {}, 1011, "SM"),
    "W1 register first": (False, {"messageType": "register", "channelID": CHANNEL}, 1011, "SM"),
    "W3 not JSON": (True, "{oops", 1011, "Json"),
    "W3 array": (True, "[]", 1011, "Json"),
    "W4 unknown type": (True, {"messageType": "dance"}, 1011, "Json"),
    "W5 second hello": (True, HELLO, 1011, "SM"),
    "W6 no channel": (True, {"messageType": "register"}, 1011, "Json"),
    "W7 upper case": (True, {"messageType": "register", "channelID": CHANNEL.upper()}, 1011, "SM"),
    "W10 malformed channel": (True, {"messageType": "unregister", "channelID": "x"}, 1011, "Json"),
    "W11 numeric version": (True, {"messageType": "ack", "updates": [{"channelID": CHANNEL, "version": 1}]}, 1011, "Json"),
    "W13 binary": (True, b"\x01", 1003, "binary"),
    "W15 broadcasts": (False, {**HELLO, "broadcasts": ["a"]}, 1011, "Json"),
}


@pytest.mark.parametrize("row", ROWS)
async def test_frames_that_end_the_connection(plain_server, row):
    after_hello, frame, code, reason = ROWS[row]
    device = await WebPushDevice(plain_server).connect()
    if after_hello:
        await device.hello()
    await device.send(frame)
    assert await device.closed() == (code, reason)


async def test_w2_a_connection_that_says_nothing(own_server):
    server = own_server("--limits-handshake-timeout-ms", "200")
    device = await WebPushDevice(server).connect()
    assert await device.closed() == (1011, "HandshakeTimeout")


async def test_w8_and_w9_and_u15_keys_that_can_not_be_used(plain_server):
    off_curve = unpadded(b"\x04" + b"\x01" * 64)
    async with WebPushDevice(plain_server) as device:
        for key in ("!!!", "", KEY[:-4], KEY.rstrip("=") + "AA", off_curve, unpadded(b"\x02" + b"\x01" * 32)):
            await device.send({"messageType": "register", "channelID": CHANNEL, "key": key})
            reply = await device.expect("register")
            assert reply["status"] == 400 and reply["channelID"] == CHANNEL, (key, reply)
        await device.register(CHANNEL, key=KEY)


async def test_w14_a_device_that_answers_no_ping(own_server):
    server = own_server("--limits-websocket-ping-interval-ms", "1500", "--limits-websocket-pong-timeout-ms", "100")
    with herald.RawConnection(server.url) as raw:
        assert raw.upgrade()[0] == 101
        raw.send_frame(1, json.dumps(HELLO))
        frames = [raw.frame()]
        while frames[-1][0] != 8:
            frames.append(raw.frame())
        assert frames.count((9, b"")) == 1
        assert frames[-1] == (8, (1011).to_bytes(2, "big") + b"PongTimeout")


async def test_w17_what_is_ignored(plain_server):
    async with WebPushDevice(plain_server) as device:
        await device.register(CHANNEL)
        update = {"channelID": CHANNEL, "version": "never-sent", "code": 100}
        await device.send({"messageType": "ack", "updates": [update, {**update, "version": "0" * 32}]})
        await device.send({"messageType": "nack", "version": "never-sent", "code": 999})
        await device.send({"messageType": "urgency", "min": "utmost"})
        await device.register(CHANNEL)


async def test_many_registrations_at_once(plain_server):
    async with WebPushDevice(plain_server) as device:
        channels = [f"00000000-0000-4000-8000-{n:012x}" for n in range(50)]
        for channel in channels:
            await device.send({"messageType": "register", "channelID": channel})
        replies = [await device.expect("register") for _ in channels]
        assert [reply["channelID"] for reply in replies] == channels
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: [push(reply["pushEndpoint"]) for reply in replies])
        assert [(await device.notification())["channelID"] for _ in channels] == channels
