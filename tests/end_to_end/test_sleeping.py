"""Sleeping devices: registered interfaces, UDP pings, /pull."""

import asyncio
import json
import socket
import struct
import time

import pytest

import herald
from herald import Device, get, notify, request


SO_TIMESTAMPNS = 35  # the socket module has no name for it


class Sleeper:
    """A device that registered a UDP port and closed its eyes."""

    def __init__(self, server, family=socket.AF_INET):
        self.server = server
        self.device = Device(server)
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.pinged_at = None  # when the last ping came in, by the kernel's clock
        self.ip = "127.0.0.1" if family == socket.AF_INET else "::1"
        self.socket.bind((self.ip, 0))

    @property
    def port(self):
        return self.socket.getsockname()[1]

    async def register(self, name, port=None):
        await self.device.open(register=False)
        url = await self.device.register_wa(name)
        assert await self.device.register_ua(ip=self.ip, port=str(self.port) if port is None else port) == "OK"
        assert await self.device.closed() == 1000
        return url

    def ping(self, seconds=herald.WAIT_SECONDS):
        self.socket.settimeout(seconds)
        try:
            datagram, (told, *_), _, _ = self.socket.recvmsg(2048, 64)
        except (socket.timeout, TimeoutError):
            return None
        whole, nanoseconds = struct.unpack("qq", told[2])
        self.pinged_at = whole + nanoseconds / 1e9
        return datagram

    def pull(self, acks=None):
        headers = {"Authorization": "Bearer " + self.device.uatoken}
        if acks is None:
            answer = get(self.server.url + "/pull", headers=headers)
        else:
            answer = herald.post_json(self.server.url + "/pull", {"ack": acks}, headers=headers)
        assert answer.status == 200, answer
        return answer.json


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
async def test_ping_pull_ack(plain_server, name, family):
    sleeper = Sleeper(plain_server, family)
    url = await sleeper.register(name)
    notify(url, "wake up", id="w")
    ping = sleeper.ping()
    assert ping.startswith(b"NOTIFY ") and b"wake up" not in ping and len(ping) < 64
    pulled = sleeper.pull()
    assert [m["message"] for m in pulled] == ["wake up"] and pulled[0]["url"] == url
    assert [m["messageId"] for m in sleeper.pull()] == [pulled[0]["messageId"]], "pulling alone does not consume"
    assert sleeper.pull([pulled[0]["messageId"]]) == []
    herald.receipt_state(url, "w", "acked")
    assert sleeper.pull() == []


async def test_one_ping_for_many_messages_and_post_fetches_the_next(own_server, name):
    server = own_server("--limits-ping-interval-ms", "600000", "--limits-ping-retry-first-ms", "600000",
                        "--limits-pull-page", "2")
    sleeper = Sleeper(server)
    url = await sleeper.register(name)
    for number in range(5):
        notify(url, str(number))
    assert sleeper.ping()
    assert sleeper.ping(0.5) is None
    got, page = [], sleeper.pull()
    while page:
        got += [m["message"] for m in page]
        page = sleeper.pull([m["messageId"] for m in page])
    assert got == ["0", "1", "2", "3", "4"]


async def test_pings_come_again_until_the_device_pulls(own_server, name):
    server = own_server("--limits-ping-retry-first-ms", "200", "--limits-ping-interval-ms", "10")
    sleeper = Sleeper(server)
    url = await sleeper.register(name)
    notify(url, "m")
    assert sleeper.ping()
    sleeper.pull([message["messageId"] for message in sleeper.pull()])  # proves that pings reach it
    while sleeper.ping(0.5):  # those that were on their way
        pass
    notify(url, "n")
    times = []
    for _ in range(4):
        assert sleeper.ping()
        times.append(sleeper.pinged_at)
    # 200, 400 and 800 ms, and what the machine adds; without back-off 600 ms.
    assert times[3] - times[0] > 1.2, f"no back-off: {times}"
    sleeper.pull([message["messageId"] for message in sleeper.pull()])
    while sleeper.ping(0.5):  # those that were on their way
        pass
    assert sleeper.ping(2.5) is None


async def test_priority_two_waits_for_company_and_three_never_wakes(own_server, name):
    server = own_server("--limits-ping-gather-ms", "1500", "--limits-ping-interval-ms", "10")
    sleeper = Sleeper(server)
    url = await sleeper.register(name)
    notify(url, "three", priority=3)
    assert sleeper.ping(0.6) is None
    started = time.monotonic()
    notify(url, "two", priority=2)
    assert sleeper.ping()
    assert time.monotonic() - started > 1.0
    assert [m["message"] for m in sleeper.pull()] == ["three", "two"]


async def test_a_sleeping_device_that_opens_a_websocket_is_served_there(plain_server, name):
    sleeper = Sleeper(plain_server)
    url = await sleeper.register(name)
    await sleeper.device.open()
    notify(url, "over the socket")
    assert (await sleeper.device.notification())["message"] == "over the socket"
    assert sleeper.ping(0.5) is None
    await sleeper.device.close()
    herald.eventually(lambda: notify(url, "asleep again") and sleeper.ping(1), "it is pinged again after it left")


async def test_get_all_messages_closes_for_a_sleeping_device(plain_server, name):
    sleeper = Sleeper(plain_server)
    url = await sleeper.register(name)
    notify(url, "m")
    assert sleeper.ping()
    await sleeper.device.open(register=False)
    reply = json.loads(await sleeper.device.ask({"data": {"uatoken": sleeper.device.uatoken}, "messageType": "getAllMessages"}))
    assert [m["message"] for m in reply] == ["m"]
    await sleeper.device.closed()


async def test_pings_go_on_after_a_restart(own_server, name):
    server = own_server("--limits-ping-retry-first-ms", "300", "--limits-ping-gather-ms", "200")
    sleeper = Sleeper(server)
    url = await sleeper.register(name)
    notify(url, "m")
    assert sleeper.ping()
    server.kill()
    while sleeper.ping(0.05):
        pass
    server.start()
    assert sleeper.ping(), "no ping after the restart"
    assert [m["message"] for m in sleeper.pull()] == ["m"]


async def test_tokens_of_pull_in_query_and_body(plain_server, name):
    sleeper = Sleeper(plain_server)
    url = await sleeper.register(name)
    notify(url, "m")
    assert sleeper.ping()
    token = sleeper.device.uatoken
    by_query = get(plain_server.url + "/pull?token=" + token).json
    by_body = herald.post_json(plain_server.url + "/pull", {"data": {"uatoken": token}}).json
    assert by_query == by_body and len(by_query) == 1


def test_pull_refuses_what_it_must(plain_server):
    url = plain_server.url + "/pull"
    refused = {"error": "Token received is not accepted. Please get a valid one"}
    for answer in [get(url), get(url + "?token=bad"), get(url, headers={"Authorization": "Bearer bad"}),
                   get(url, headers={"Authorization": "Basic eA=="}), herald.post_json(url, {"ack": []})]:
        assert (answer.status, answer.json) == (401, refused)
    good = {"Authorization": "Bearer " + herald.token(plain_server)}
    assert request("POST", url, "{oops", headers=good).status == 400
    assert herald.post_json(url, {"ack": "x"}, headers=good).status == 400
    assert herald.post_json(url, {"ack": ["f" * 32, "nonsense"]}, headers=good).json == []
    assert herald.post_json(url, {"ack": ["f" * 32] * 1000}, headers=good).status == 200
    assert herald.post_json(url, {"ack": ["f" * 32] * 1001}, headers=good).status == 413
    answer = request("PUT", url, "{}", headers=good)
    assert answer.status == 405 and "GET" in answer.headers["Allow"]


async def test_the_default_port_of_a_device_is_5000(own_server, name):
    """Only registration is shown here: port 5000 of this machine may be taken."""
    server = own_server()
    sleeper = Sleeper(server)
    device = sleeper.device
    await device.open(register=False)
    reply = await device.ask({"data": {"uatoken": device.uatoken, "interface": {"ip": "127.0.0.1"}}, "command": "register/ua"})
    assert reply == "OK"
    assert await device.closed() == 1000
