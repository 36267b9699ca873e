"""Whoever registers first can not take away what the URL of another app demands."""

import json

import herald
import pytest
from herald import Device
from keyed import Owner

MUST_SIGN = "You must sign your message with your Private Key"


async def test_the_joined_text_registered_first_without_a_key_is_another_app(server, name):
    owner = Owner()
    async with Device(server) as stranger, Device(server) as device:
        taken = await stranger.register_wa(name + owner.pbkbase64)
        url = await device.register_wa(name, owner.pbkbase64)
        assert url.endswith(herald.notify_token(name, owner.pbkbase64)), "the URL that the protocol gives"
        assert taken != url
        refused = herald.post_json(url, {"message": "forged"})
        assert (refused.status, refused.json["reason"]) == (400, MUST_SIGN)
        assert owner.post(url, "mine").status == 200
        assert (await device.notification())["message"] == "mine"
        await stranger.nothing()


@pytest.mark.parametrize("moved", [1, 4, 20, 60])
async def test_no_other_split_of_the_joined_text_reaches_the_app(server, name, moved):
    owner = Owner()
    async with Device(server) as stranger, Device(server) as device:
        await stranger.register_wa(name + owner.pbkbase64[:moved], owner.pbkbase64[moved:])
        await stranger.register_wa(name[:-moved], name[-moved:] + owner.pbkbase64)
        url = await device.register_wa(name, owner.pbkbase64)
        assert herald.post_json(url, {"message": "forged"}).status == 400
        assert owner.post(url, "mine").status == 200
        assert (await device.notification())["message"] == "mine"
        await stranger.nothing()


async def test_the_url_demands_its_key_after_every_device_has_left(server, name):
    owner = Owner()
    async with Device(server) as device:
        url = await device.register_wa(name, owner.pbkbase64)
        assert owner.post(url, "first").status == 200
        await device.notification()
        await device.ask({"data": {"uatoken": device.uatoken, "watoken": name, "pbkbase64": owner.pbkbase64},
                          "command": "unregister/wa"})
        async with Device(server) as stranger:
            assert await stranger.register_wa(name + owner.pbkbase64) != url
        assert herald.post_json(url, {"message": "forged"}).status in (400, 404)


async def test_a_wa_token_in_the_form_of_a_web_push_app_is_refused(server, name):
    async with Device(server) as device:
        assert "error" in json.loads(await device.register_wa("webpush\0" + name))
