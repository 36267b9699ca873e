"""A device of an app that has a key knows the URL and sees every signature; it must not act for the sender all the same."""

import hashlib
import json
import time
import urllib.parse

import herald
import pytest
from herald import Device
from keyed import Owner


@pytest.fixture
def owner():
    return Owner()


def location_of(url, answer):
    assert answer.status == 200, answer
    return urllib.parse.urljoin(url, answer.headers["Location"])


async def test_a_device_can_neither_take_back_nor_read_receipts(server, name, owner):
    sleeper = Device(server)
    async with Device(server) as device:
        await sleeper.open()
        url = await device.register_wa(name, owner.pbkbase64)
        await sleeper.register_wa(name, owner.pbkbase64)
        await sleeper.close()
        location = location_of(url, owner.post(url, "Hello", id="n1"))
        got = await device.notification()
        for key in (got["messageId"], "n1"):
            for query in ("", "?proof=", "?proof=" + got["messageId"], "?proof=" + got["signature"]):
                target = f"{url}/messages/{key}{query}"
                assert herald.get(target).status == 403, target
                assert herald.request("DELETE", target).status == 403, target
        shown = herald.get(location)
        assert (shown.status, shown.json["state"]) == (200, "pending")
        assert herald.request("DELETE", location).json["state"] == "cancelled"
    await sleeper.open()
    await sleeper.nothing()
    await sleeper.close()


async def test_a_device_can_not_repeat_a_signed_text(server, name, owner):
    async with Device(server) as device:
        url = await device.register_wa(name, owner.pbkbase64)
        owner.post(url, "Hello", id="n1")
        owner.post(url, "Newer", id="n2")
        got = await device.notification()
        await device.notification()
        replayed = {"message": got["message"], "signature": got["signature"]}
        for more in ({}, {"id": "n1"}, {"id": "n2"}, {"id": "new", "ttl": 1}, {"signs": "message"}):
            assert herald.post_json(url, replayed | more).status == 409, more
        plain = herald.request("POST", f"{url}?signature={got['signature']}", got["message"], {"Content-Type": "text/plain"})
        assert plain.status == 409
        await device.nothing()


async def test_a_request_signed_as_a_whole_can_not_be_changed_or_repeated(server, name, owner):
    async with Device(server) as device:
        url = await device.register_wa(name, owner.pbkbase64)

        def signed(at):
            lines = ["herald notification 1", url.rsplit("/", 1)[1], str(at), "60", "", hashlib.sha256(b"Hello").hexdigest(), "n1"]
            return {"message": "Hello", "id": "n1", "ttl": 60, "timestamp": at, "signs": "request",
                    "signature": owner.sign("\n".join(lines))}

        now = int(time.time() * 1000)
        assert herald.post_json(url, signed(now)).status == 200
        got = await device.notification()
        assert herald.post_json(url, got).status == 409
        for change in ({"id": "n2"}, {"ttl": 61}, {"priority": 1}, {"timestamp": now + 1}, {"signs": "message"}, {"message": "Hullo"}):
            assert herald.post_json(url, signed(now) | change).status == 400, change
        assert herald.post_json(url, signed(now - 3_600_000)).status == 400
        assert herald.post_json(url, signed(now + 1)).status == 200, "the sender may repeat its text"
        assert (await device.notification())["message"] == "Hello"


async def test_an_app_without_a_key_is_open_to_its_devices_as_documented(server, name):
    async with Device(server) as device:
        url = await device.register_wa(name)
        location = location_of(url, herald.notify(url, "Hello"))
        await device.notification()
        assert "proof" not in location and herald.get(location).status == 200
        assert json.loads(herald.get(location).body)["messageId"]
