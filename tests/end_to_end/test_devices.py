"""Devices of the 2012 flow: tokens, registration in three spellings, delivery, acks, take-over, and what is refused."""

import asyncio
import json
import time

import pytest
import websockets

import herald
from herald import Device, get, notify, notify_token, post_json

NOT_ACCEPTED = {"error": "Token received is not accepted. Please get a valid one"}

SPELLINGS = {
    "slash": ("command", "register/ua", "register/wa", "unregister/wa"),
    "camel": ("command", "registerUA", "registerWA", "unregisterWA"),
    "message_type": ("messageType", "registerUA", "registerWA", "unregisterWA"),
}


def test_token_is_plain_text_and_new_each_time(server):
    first, second = (get(server.url + "/token", context=server.context) for _ in range(2))
    assert first.status == 200
    assert first.headers["Content-Type"].startswith("text/plain")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.text != second.text
    assert first.text == first.text.strip() and '"' not in first.text


def test_token_by_another_method_is_refused(plain_server):
    answer = herald.request("POST", plain_server.url + "/token", body="x")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_each_spelling_is_answered_in_its_own_form(server, name, spelling):
    key, register_ua, register_wa, unregister_wa = SPELLINGS[spelling]
    device = Device(server, context=server.context)
    await device.open(register=False)
    reply = await device.ask({key: register_ua, "data": {"uatoken": device.uatoken}})
    assert reply == "OK" if spelling == "slash" else json.loads(reply) == {"status": "REGISTERED", "messageType": "registerUA"}
    data = {"uatoken": device.uatoken, "watoken": name}
    url = await device.ask({key: register_wa, "data": data})
    assert url.endswith("/notify/" + notify_token(name))
    reply = await device.ask({key: unregister_wa, "data": data})
    if spelling == "slash":
        assert reply == "OK"
    else:
        assert json.loads(reply)["status"] == "UNREGISTERED"
    await device.close()


async def test_a_notification_reaches_the_device_and_is_acked(server, name):
    async with Device(server, context=server.context) as device:
        url = await device.register_wa(name)
        notify(url, "¡Hola! ☎", id="n1", ttl=0, timestamp=str(int(time.time())), priority=1, context=server.context)
        got = await device.notification()
        assert got["message"] == "¡Hola! ☎" and got["id"] == "n1" and got["priority"] == 1
        assert got["url"] == url and got["messageId"]
    if not server.context:
        receipt = herald.receipt_state(url, "n1", "acked")
        assert [d["state"] for d in receipt["deliveries"]] == ["acked"]


async def test_a_message_may_be_any_json(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        for message in [{"a": [1, 2.5, None, True]}, [1, "x"], 42, False, ""]:
            notify(url, message)
            assert (await device.notification())["message"] == message


async def test_pending_messages_follow_a_registration_oldest_first_in_pages(plain_server, name):
    device = Device(plain_server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    count = 150
    for number in range(count):
        notify(url, str(number))
    await device.open()
    assert [(await device.notification())["message"] for _ in range(count)] == [str(n) for n in range(count)]
    await device.nothing()
    await device.close()


async def test_order_is_kept_while_connected(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        sent = [str(n) for n in range(200)]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: [notify(url, text) for text in sent])
        if herald.ON_A_CLUSTER:  # which promises all of them, and their order as far as it goes
            await device.see(*sent)
        else:
            assert [(await device.notification())["message"] for _ in sent] == sent


async def test_the_unacked_window_is_bounded_and_acks_open_it(own_server, name):
    server = own_server("--limits-unacked-window", "4", "--limits-pending-page", "2")
    async with Device(server) as device:
        url = await device.register_wa(name)
        for number in range(10):
            notify(url, str(number))
        got = [await device.notification(ack=False) for _ in range(4)]
        await device.nothing()
        for notification in got:
            await device.ack(notification["messageId"])
        rest = [(await device.notification())["message"] for _ in range(6)]
        assert rest == [str(n) for n in range(4, 10)]


async def test_an_app_that_is_not_acked_holds_up_no_other(own_server, name):
    server = own_server("--limits-unacked-window", "4", "--limits-pull-page", "4")
    async with Device(server) as device:
        silent, other = await device.register_wa(name), await device.register_wa(name + "-other")
        for number in range(8):
            notify(silent, str(number))
        for number in range(4):
            assert (await device.notification(ack=False))["message"] == str(number)
        notify(other, "one")
        assert (await device.notification())["message"] == "one"
        notify(other, "two")
        assert (await device.notification(ack=False))["message"] == "two"
        listed = json.loads(await device.ask({"messageType": "getAllMessages"}))
        assert [item["message"] for item in listed] == ["0", "1", "2", "two"]
        reply = herald.get(f"{server.url}/pull?token={device.uatoken}").json
        assert [item["message"] for item in reply] == ["0", "1", "2", "two"]
        await device.ask({"data": {"uatoken": device.uatoken, "watoken": name}, "command": "unregister/wa"})


async def test_two_clients_that_take_a_device_from_each_other_are_slowed_down(own_server):
    server = own_server("--limits-takeovers-at-once", "2", "--limits-takeover-delay-max-ms", "1000")
    device = Device(server)
    await device.open()
    for _ in range(4):
        next_one = Device(server, device.uatoken)
        await next_one.open()
        await device.closed()
        assert device.socket.close_reason == "taken over"
        device = next_one
    assert herald.metric(server, "herald_takeovers_slowed_total") >= 1
    await device.close()


async def test_close_codes_that_were_registered_later(plain_server):
    for code in (1012, 1013, 1014):
        device = await Device(plain_server).open()
        await device.socket.close(code)
        assert device.socket.close_code == code


@pytest.mark.one_process  # elsewhere an ack is recorded by another process, after the device may have come back
async def test_unacked_messages_come_again_with_the_same_message_id(plain_server, name):
    device = Device(plain_server)
    await device.open()
    url = await device.register_wa(name)
    notify(url, "one")
    first = await device.notification(ack=False)
    device.drop()
    await device.open()
    again = await device.notification()
    assert again == first
    await device.close()
    await device.open()
    await device.nothing()
    await device.close()


async def test_a_second_connection_with_the_same_token_takes_over(plain_server, name):
    first = Device(plain_server)
    await first.open()
    url = await first.register_wa(name)
    for _ in range(4):  # several, so that some land on another event loop
        second = Device(plain_server, first.uatoken)
        await second.open()
        await first.closed()
        notify(url, "to the new one")
        assert (await second.notification())["message"] == "to the new one"
        first = second
    await first.close()


async def test_several_apps_on_one_device_and_several_devices_on_one_app(plain_server, name):
    devices = [Device(plain_server) for _ in range(3)]
    for device in devices:
        await device.open()
    urls = {await device.register_wa(name) for device in devices}
    assert len(urls) == 1
    other = await devices[0].register_wa(name + "-other")
    notify(urls.pop(), "to all")
    for device in devices:
        assert (await device.notification())["message"] == "to all"
    notify(other, "to one")
    assert (await devices[0].notification())["message"] == "to one"
    for device in devices[1:]:
        await device.nothing(0.1)
    for device in devices:
        await device.close()


async def test_registering_again_makes_no_duplicate(plain_server, name):
    async with Device(plain_server) as device:
        urls = {await device.register_wa(name) for _ in range(5)}
        assert len(urls) == 1
        notify(urls.pop(), "once")
        await device.notification()
        await device.nothing()


async def test_an_app_can_be_registered_on_another_connection_before_register_ua(plain_server, name):
    device = Device(plain_server)
    await device.open(register=False)
    url = await device.register_wa(name)
    notify(url, "waits")
    await device.nothing(0.2)
    assert await device.register_ua() == "OK"
    assert (await device.notification())["message"] == "waits"
    await device.close()


async def test_unregistered_apps_are_silent(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        data = {"uatoken": device.uatoken, "watoken": name}
        assert await device.ask({"data": data, "command": "unregister/wa"}) == "OK"
        assert post_json(url, {"message": "nobody"}).status == 404, "the app goes with its last device"
        await device.nothing()
        assert await device.register_wa(name) == url
        notify(url, "again")
        assert (await device.notification())["message"] == "again"


async def test_get_all_messages_answers_an_array_and_keeps_the_socket_of_a_connected_device(plain_server, name):
    device = Device(plain_server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    notify(url, "a")
    notify(url, "b", id="b")
    herald.eventually(lambda: herald.receipt(url, "b").json["routed"], "the monitor wrote its delivery")
    await device.open(register=False)
    reply = json.loads(await device.ask({"data": {"uatoken": device.uatoken}, "messageType": "getAllMessages"}))
    assert [m["message"] for m in reply] == ["a", "b"]
    assert all(m["messageId"] and m["url"] == url for m in reply)
    for message in reply:
        await device.send({"command": "ack", "data": {"uatoken": device.uatoken, "messageId": message["messageId"]}})
    herald.receipt_state(url, reply[1]["messageId"], "acked")
    assert json.loads(await device.ask({"data": {"uatoken": device.uatoken}, "messageType": "getAllMessages"})) == []
    await device.close()


async def test_an_ack_of_another_devices_message_is_ignored(plain_server, name):
    async with Device(plain_server) as owner, Device(plain_server) as stranger:
        url = await owner.register_wa(name)
        notify(url, "mine", id="x")
        got = await owner.notification(ack=False)
        await stranger.ack(got["messageId"])
        await stranger.register_wa(name + "-fence")
        assert herald.receipt(url, "x").json["state"] != "acked"
        await owner.ack(got["messageId"])
        herald.receipt_state(url, "x", "acked")


REFUSED = {
    "S1 not json": ("{oops", {"error": "Data received is not a valid JSON package"}),
    "S1 truncated": ('{"data":{"uatoken":"x"}', {"error": "Data received is not a valid JSON package"}),
    "S1 duplicate keys": ('{"command":"a","command":"b"}', {"error": "Data received is not a valid JSON package"}),
    "S1 deep": ("[" * 1000 + "]" * 1000, {"error": "Data received is not a valid JSON package"}),
    "S1 nul": ('{"command":"a\x00"}', {"error": "Data received is not a valid JSON package"}),
    "S3 unknown command": ('{"data":{},"command":"dance"}', {"error": "Command not recognized"}),
    "S4 unknown messageType": ('{"data":{},"messageType":"dance"}', {"error": "messageType not recognized"}),
    "S5 no token": ('{"data":{},"command":"register/ua"}', NOT_ACCEPTED),
    "S5 null token": ('{"data":{"uatoken":null},"command":"register/ua"}', NOT_ACCEPTED),
    "S5 number": ('{"data":{"uatoken":7},"command":"register/ua"}', NOT_ACCEPTED),
    "S5 empty": ('{"data":{"uatoken":""},"command":"register/ua"}', NOT_ACCEPTED),
    "S5 no data": ('{"command":"register/ua"}', NOT_ACCEPTED),
    "S5 long": (json.dumps({"data": {"uatoken": "a" * 5000}, "command": "register/ua"}), NOT_ACCEPTED),
    "S6 array": ("[]", {"error": "Data received is not a valid JSON package"}),
    "S6 number": ("5", {"error": "Data received is not a valid JSON package"}),
    "S6 null": ("null", {"error": "Data received is not a valid JSON package"}),
    "S7 contradiction": ('{"command":"register/ua","messageType":"registerWA","data":{}}',
                         {"error": "messageType not recognized"}),
    "S9 register/wa, bad token": ('{"data":{"uatoken":"bad","watoken":"w"},"command":"register/wa"}', NOT_ACCEPTED),
}


@pytest.mark.parametrize("row", REFUSED)
async def test_refused_frames_get_their_text_and_the_connection_ends(plain_server, name, row):
    frame, text = REFUSED[row]
    async with Device(plain_server) as bystander:
        device = Device(plain_server, "unused")
        await device.open(register=False)
        assert json.loads(await device.ask(frame)) == text
        await device.closed()
        assert (await bystander.register_wa(name)).endswith(notify_token(name))


async def test_s2_binary_frames_are_refused(plain_server):
    device = Device(plain_server, "unused")
    await device.open(register=False)
    assert json.loads(await device.ask(b"\x00\x01")) == {"error": "Binary messages not yet supported"}
    await device.closed()


async def test_s5_tampered_truncated_and_foreign_tokens(plain_server, own_server):
    good = herald.token(plain_server)
    flipped = good[:10] + ("A" if good[10] != "A" else "B") + good[11:]
    foreign = herald.token(own_server())
    for bad in [flipped, good[:-1], good + "A", "zz" + good[2:], foreign]:
        device = Device(plain_server, bad)
        await device.open(register=False)
        assert json.loads(await device.register_ua()) == NOT_ACCEPTED
        await device.closed()


@pytest.mark.parametrize("data", [{}, {"watoken": ""}, {"watoken": 5}, {"watoken": None}, {"watoken": "a" * 1025},
                                  {"watoken": "w", "pbkbase64": "AAAA"}, {"watoken": "w", "pbkbase64": 5}])
async def test_s8_bad_watoken_or_key_keeps_the_connection(plain_server, name, data):
    async with Device(plain_server) as device:
        reply = await device.ask({"data": {"uatoken": device.uatoken, **data}, "command": "register/wa"})
        assert json.loads(reply) == {"error": "Could not add WA"}
        assert (await device.register_wa(name)).endswith(notify_token(name))


async def test_a_watoken_at_its_limit_is_taken(plain_server):
    async with Device(plain_server) as device:
        assert (await device.register_wa("w" * 1024)).endswith(notify_token("w" * 1024))


@pytest.mark.parametrize("interface", [
    {"ip": "nowhere", "port": "5000"}, {"ip": "10.0.0.300", "port": "5000"}, {"ip": "127.0.0.1", "port": "0"},
    {"ip": "127.0.0.1", "port": "65536"}, {"ip": "127.0.0.1", "port": "x"}, {"ip": "8.8.8.8", "port": "5000"},
    {"ip": "224.0.0.1", "port": "5000"}, {"ip": "2001:4860::1", "port": "5000"}, {"port": "5000"},
])
async def test_s10_interfaces_that_must_not_be_pinged(plain_server, interface):
    device = Device(plain_server)
    await device.open(register=False)
    assert json.loads(await device.register_ua(**interface)) == {"error": "Could not add UAtoken"}
    await device.closed()


async def test_s11_a_frame_at_the_limit_is_read_and_one_past_it_is_not(plain_server):
    limit = 20480
    device = Device(plain_server, "unused")
    await device.open(register=False)
    frame = '{"command":"dance","x":"' + "a" * (limit - 26) + '"}'
    assert len(frame) == limit
    assert json.loads(await device.ask(frame)) == {"error": "Command not recognized"}
    await device.closed()
    await device.open(register=False)
    await device.send(frame[:-2] + 'a"}')
    assert await device.closed() == 1009


async def test_an_upgrade_that_offers_only_other_protocols_is_refused(plain_server):
    for offered in [["chat"], ["push-notification-binary"]]:
        with pytest.raises(websockets.exceptions.InvalidStatusCode) as refused:
            await Device(plain_server, "unused").open(register=False, subprotocols=offered)
        assert refused.value.status_code == 400


async def test_without_the_subprotocol_the_first_frame_of_this_flow_is_refused(plain_server):
    device = Device(plain_server)
    await device.open(register=False, subprotocols=None)
    assert device.socket.subprotocol is None
    error = "The WebSocket subprotocol push-notification is required"
    assert json.loads(await device.register_ua()) == {"error": error}
    assert await device.closed() == 1008


async def test_any_path_and_a_list_of_protocols_are_fine(plain_server):
    uri = plain_server.ws + "some/where?x=1"
    async with websockets.connect(uri, subprotocols=["chat", "push-notification"], open_timeout=herald.WAIT_SECONDS) as socket:
        assert socket.subprotocol == "push-notification"


async def test_many_requests_at_once_are_answered_in_order(plain_server, name):
    async with Device(plain_server) as device:
        for number in range(20):
            await device.send({"data": {"uatoken": device.uatoken, "watoken": f"{name}-{number}"}, "command": "register/wa"})
        got = [await device.receive() for _ in range(20)]
        assert [url.rsplit("/", 1)[1] for url in got] == [notify_token(f"{name}-{n}") for n in range(20)]


async def test_apps_per_device_and_devices_per_app_are_bounded(own_server):
    server = own_server("--limits-apps-per-device", "3", "--limits-devices-per-app", "2")
    async with Device(server) as device:
        for number in range(3):
            assert "/notify/" in await device.register_wa(f"a{number}")
        assert json.loads(await device.register_wa("a3")) == {"error": "Could not add WA"}
        assert "/notify/" in await device.register_wa("a0")
    others = [Device(server) for _ in range(2)]
    for other in others:
        await other.open()
    assert "/notify/" in await others[0].register_wa("a0")
    assert json.loads(await others[1].register_wa("a0")) == {"error": "Could not add WA"}
    for other in others:
        await other.close()


async def test_pending_per_device_drops_the_oldest_of_the_lowest_priority_and_counts_it(own_server, name):
    server = own_server("--limits-pending-per-device", "4")
    device = Device(server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    for number, priority in enumerate([1, 3, 3, 1, 1, 1]):
        notify(url, str(number), id=f"m{number}", priority=priority)
    herald.receipt_state(url, "m1", "dropped")
    herald.receipt_state(url, "m2", "dropped")
    await device.open()
    assert [(await device.notification())["message"] for _ in range(4)] == ["0", "3", "4", "5"]
    await device.nothing()
    await device.close()
    assert herald.metric(server, "herald_messages_dropped_total") == 2 or herald.metric(server, "herald_deliveries_dropped_total") == 2
