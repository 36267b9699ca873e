"""Application servers of the 2012 flow: POST /notify, replacement, expiry, priority, signatures, receipts, and what is refused."""

import asyncio
import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

import herald
from herald import Device, RawConnection, notify, notify_token, post_json, request


def now_ms():
    return int(time.time() * 1000)


async def offline_device(server, name, pbkbase64=None):
    """A device that registered and went away, and its app's URL."""
    device = Device(server)
    await device.open()
    url = await device.register_wa(name, pbkbase64)
    await device.close()
    return device, url


async def everything(device, count):
    await device.open()
    got = [await device.notification() for _ in range(count)]
    await device.nothing()
    await device.close()
    return got


async def test_posted_fields_come_through_as_posted(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        posted = {"messageType": "notification", "id": "n1", "message": "Hello", "ttl": 0,
                  "timestamp": str(now_ms()), "priority": 1, "mine": {"x": [1]}}
        answer = post_json(url, posted)
        assert answer.status == 200 and answer.json == {"status": "ACCEPTED"}
        got = await device.notification()
        assert {k: got[k] for k in posted} == posted
        assert set(got) - set(posted) == {"messageId", "url"}


async def test_a_repeated_id_deletes_and_replaces_the_earlier_one(plain_server, name):
    device, url = await offline_device(plain_server, name)
    notify(url, "first", id="same")
    first_id = herald.receipt(url, "same").json["messageId"]
    notify(url, "other", id="other")
    notify(url, "second", id="same")
    assert [m["message"] for m in await everything(device, 2)] == ["other", "second"]
    assert herald.receipt(url, first_id).json["state"] == "replaced"
    herald.receipt_state(url, "same", "acked")


async def test_replacement_leaves_acked_messages_alone_and_other_apps_too(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        notify(url, "first", id="same")
        first = await device.notification()
        herald.receipt_state(url, first["messageId"], "acked")
        notify(url, "second", id="same")
        assert (await device.notification())["message"] == "second"
        assert herald.receipt(url, first["messageId"]).json["state"] == "acked"


async def test_a_replaced_message_never_follows_its_replacement(plain_server, name):
    device = Device(plain_server)
    await device.open()
    url = await device.register_wa(name)
    loop = asyncio.get_running_loop()
    last = 49 if herald.ON_A_CLUSTER else 199
    sender = loop.run_in_executor(None, lambda: [notify(url, str(n), id="counter") for n in range(last + 1)])
    highest = -1
    while highest < last:
        # A slow store finds each replaced by the next: only the last one must come.
        coming = asyncio.create_task(device.notification(seconds=300))
        await asyncio.wait([coming, sender], return_when=asyncio.FIRST_COMPLETED)
        number = int((await asyncio.wait_for(coming, herald.WAIT_SECONDS if sender.done() else None))["message"])
        assert number >= highest
        highest = number
    await sender
    await device.close()


@pytest.mark.timing
async def test_expired_messages_are_not_delivered(plain_server, name):
    device, url = await offline_device(plain_server, name)
    notify(url, "short", id="short", ttl=1)
    notify(url, "long", id="long", ttl=60)
    notify(url, "already over", id="over", ttl=5, timestamp=int(time.time()) - 10)
    herald.receipt_state(url, "short", "expired")
    assert [m["message"] for m in await everything(device, 1)] == ["long"]
    assert herald.receipt(url, "over").json["state"] == "expired"


@pytest.mark.parametrize("timestamp", [0, "0", lambda: int(time.time()), lambda: str(int(time.time())),
                                       now_ms, lambda: str(now_ms()), 99999999999999])
async def test_timestamps_in_every_form(plain_server, name, timestamp):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        value = timestamp() if callable(timestamp) else timestamp
        answer = post_json(url, {"message": "m", "timestamp": value, "ttl": 600})
        assert answer.status == 200
        if value not in (0, "0"):
            assert (await device.notification())["timestamp"] == value


async def test_priorities_are_all_delivered_to_a_connected_device(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        for priority in (1, 2, 3):
            notify(url, "p", priority=priority)
            assert (await device.notification())["priority"] == priority


def key_pair(kind):
    private = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    }[kind]()
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, base64.b64encode(pem).decode()


def sign(private, data):
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, padding.PKCS1v15(), hashes.SHA256()).hex()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(data, ec.ECDSA(hashes.SHA256())).hex()
    return private.sign(data).hex()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
async def test_signatures_over_just_the_message(plain_server, name, kind):
    private, pbkbase64 = key_pair(kind)
    async with Device(plain_server) as device:
        url = await device.register_wa(name, pbkbase64)
        assert url.endswith(notify_token(name, pbkbase64))
        text = "¡Hola! ☎"
        notify(url, text, signature=sign(private, text.encode()))
        assert (await device.notification())["message"] == text
        text += " ¿Qué tal?"
        notify(url, text, signature=sign(private, text.encode()).upper(), id="other", ttl=500)
        await device.notification()
        value = '{"b": 1,  "a":[2]}'
        body = '{"message": ' + value + ', "signature": "' + sign(private, value.encode()) + '"}'
        assert request("POST", url, body).status == 200
        assert (await device.notification())["message"] == json.loads(value)

        bad = "Bad signature, dropping notification"
        for signature in [sign(private, (text + "\n").encode()), sign(private, b"x"), "zz", "abc",
                          sign(key_pair(kind)[0], text.encode())]:
            answer = post_json(url, {"message": text, "signature": signature})
            assert (answer.status, answer.json["reason"]) == (400, bad), signature
        for body in [{"message": text}, {"message": text, "signature": ""}]:
            answer = post_json(url, body)
            assert (answer.status, answer.json["reason"]) == (400, "You must sign your message with your Private Key")
        await device.nothing()


@pytest.mark.parametrize("kind", ["rsa-1024", "p384"])
async def test_weak_or_foreign_keys_can_not_be_registered(plain_server, name, kind):
    async with Device(plain_server) as device:
        assert json.loads(await device.register_wa(name, key_pair(kind)[1])) == {"error": "Could not add WA"}


async def test_a_signature_without_a_registered_key_is_refused(plain_server, name):
    _, url = await offline_device(plain_server, name)
    answer = post_json(url, {"message": "m", "signature": "00ff"})
    assert (answer.status, answer.json["reason"]) == (400, "Bad signature, dropping notification")


MISSING = "Missing message: the JSON object needs a message, which is text or any value but null"
REFUSED = {
    "S14 not json": (b"{oops", 400, "JSON not valid"),
    "S14 empty": (b"", 400, "JSON not valid"),
    "S14 array": (b"[]", 400, "JSON not valid"),
    "S14 string": (b'"x"', 400, "JSON not valid"),
    "S14 trailing": (b'{"message":"a"} x', 400, "JSON not valid"),
    "S14 bad utf-8": (b'{"message":"\xff"}', 400, "JSON not valid"),
    "S14 nul": (b'{"message":"a\x00"}', 400, "JSON not valid"),
    "S14 duplicate keys": (b'{"message":"a","message":"b"}', 400, "JSON not valid"),
    "S14 deep": (b'{"message":' + b"[" * 100 + b"]" * 100 + b"}", 400, "JSON not valid"),
    "S15 messageType": (b'{"messageType":"x","message":"a"}', 400, "Not messageType=notification"),
    "S16 no message": (b'{"id":"a"}', 400, MISSING),
    "S16 null": (b'{"message":null}', 400, MISSING),
    "text that is not UTF-8": (b"\xff", 400, "Message is not UTF-8 text"),
    "S17 one past the limit": (json.dumps({"message": "a" * 4097}).encode(), 413, "Body too big"),
    "S18 not hex": (b'{"message":"a","signature":"zz"}', 400, "Bad signature, dropping notification"),
    "S18 not a string": (b'{"message":"a","signature":5}', 400, "Bad signature, dropping notification"),
}


@pytest.mark.parametrize("row", REFUSED)
async def test_refused_bodies(plain_server, name, row):
    body, status, reason = REFUSED[row]
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        answer = request("POST", url, body)
        assert (answer.status, answer.json) == (status, {"status": "ERROR", "reason": reason})
        notify(url, "the next one is fine")
        assert (await device.notification())["message"] == "the next one is fine"


@pytest.mark.parametrize("field", ['"ttl":-1', '"ttl":"soon"', '"ttl":1e400', '"priority":0', '"priority":4', '"priority":"high"',
                                   '"timestamp":"yesterday"', '"timestamp":-5', '"id":{}', '"id":"' + "i" * 257 + '"'])
async def test_fields_out_of_range_get_a_reason(plain_server, name, field):
    _, url = await offline_device(plain_server, name)
    answer = request("POST", url, '{"message":"m",' + field + "}")
    assert answer.status == 400, answer
    assert answer.json["status"] == "ERROR" and answer.json["reason"]


async def test_a_message_at_the_limit_is_accepted_and_the_limit_counts_bytes(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        notify(url, "a" * 4096)
        assert len((await device.notification())["message"]) == 4096
        assert request("POST", url, json.dumps({"message": "é" * 2048}, ensure_ascii=False).encode()).status == 200
        await device.notification()
        assert request("POST", url, json.dumps({"message": "é" * 2049}, ensure_ascii=False).encode()).status == 413


async def test_a_body_of_text_is_the_message(plain_server, name):
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        assert request("POST", url, "Dinner is ready").status == 200
        assert (await device.notification())["message"] == "Dinner is ready"
        form = {"Content-Type": "application/x-www-form-urlencoded", "X-Title": "Kitchen"}
        assert request("POST", url + "?id=n1&ttl=60", "5 & 6 = {11}", headers=form).status == 200
        second = await device.notification()
        assert (second["message"], second["id"], second["ttl"], second["title"]) == ("5 & 6 = {11}", "n1", 60, "Kitchen")
        assert request("POST", url, "[urgent] Disk full", headers={"Content-Type": "text/plain"}).status == 200
        assert (await device.notification())["message"] == "[urgent] Disk full"
        assert request("POST", url, "Dinner", headers={"Content-Type": "application/json"}).json["reason"] == "JSON not valid"


def test_wrong_paths_and_methods(plain_server):
    base = plain_server.url
    only_notify = {"status": "ERROR", "reason": "Only notify by this interface"}
    no_watoken = {"status": "ERROR", "reason": "No valid WAtoken"}
    body = json.dumps({"message": "m"})
    answer = request("POST", base + "/other/x", body)
    assert (answer.status, answer.json) == (404, only_notify)
    for path in ["/notify", "/notify/", "/notify/abc", "/notify/" + "A" * 64, "/notify/" + "g" * 64,
                 "/notify/" + "a" * 63 + "%2F", "/notify/%2F" + "a" * 63, "/notify?token=abc"]:
        answer = request("POST", base + path, body)
        assert (answer.status, answer.json) == (404, no_watoken), path
    answer = request("POST", base + "/notify/" + "a" * 64, body)
    assert (answer.status, answer.json["reason"]) == (404, "No valid AppToken")
    for method in ["GET", "PUT", "DELETE"]:
        answer = request(method, base + "/notify/" + "a" * 64)
        assert answer.status == 405 and "POST" in answer.headers["Allow"], method


async def test_the_token_may_come_in_the_query(plain_server, name):
    async with Device(plain_server) as device:
        await device.register_wa(name)
        answer = post_json(plain_server.url + "/notify?token=" + notify_token(name), {"message": "q"})
        assert answer.status == 200
        assert (await device.notification())["message"] == "q"


async def test_a_post_without_length_has_no_body(plain_server, name):
    with RawConnection(plain_server.url) as raw:
        raw.send(f"POST /notify/{notify_token(name)} HTTP/1.1\r\nHost: x\r\n\r\n")
        status, _, body = raw.response()
        assert (status, json.loads(body)["reason"]) == (400, "JSON not valid")


async def test_receipts_tell_each_delivery(plain_server, name):
    devices = [Device(plain_server) for _ in range(3)]
    for device in devices:
        await device.open()
        url = await device.register_wa(name)
    await devices[2].close()
    notify(url, "m", id="with / slash & more", priority=2, ttl=600)
    for device in devices[:2]:
        got = await device.notification(ack=device is devices[0])

    def settled():
        answer = herald.receipt(url, "with / slash & more")
        states = sorted(d["state"] for d in answer.json["deliveries"])
        return answer.json if states == ["acked", "pending", "sent"] else None

    receipt = herald.eventually(settled, "one acked, one sent, one pending")
    assert receipt["id"] == "with / slash & more" and receipt["messageId"] == got["messageId"]
    assert receipt["state"] == "pending" and receipt["recipients"] == 3 and receipt["acked"] == 1
    text = json.dumps(receipt)
    assert all(device.uatoken not in text for device in devices)
    assert len({d["device"] for d in receipt["deliveries"]}) == 3
    assert herald.receipt(url, got["messageId"]).json["id"] == receipt["id"]
    for device in devices[:2]:
        await device.close()


async def test_receipts_of_large_apps_are_paged(plain_server, name):
    devices = [Device(plain_server) for _ in range(5)]
    for device in devices:
        await device.open()
        url = await device.register_wa(name)
    notify(url, "m", id="m")
    for device in devices:
        await device.notification()
        await device.close()
    herald.receipt_state(url, "m", "acked")
    seen, after = [], ""
    for _ in range(3):
        page = herald.get(f"{url}/messages/m?limit=2{after}").json
        seen += [d["device"] for d in page["deliveries"]]
        after = "&after=" + page["next"] if "next" in page else ""
    assert len(seen) == 5 and len(set(seen)) == 5 and not after


async def test_unknown_receipts_are_404(plain_server, name):
    _, url = await offline_device(plain_server, name)
    assert herald.receipt(url, "never").status == 404
    assert request("DELETE", f"{url}/messages/never").status == 404


async def test_delete_cancels_what_is_not_yet_acked(plain_server, name):
    device, url = await offline_device(plain_server, name)
    notify(url, "taken back", id="c")
    notify(url, "stays", id="s")
    answer = request("DELETE", f"{url}/messages/c")
    assert answer.status == 200 and answer.json["state"] == "cancelled", answer
    assert [m["message"] for m in await everything(device, 1)] == ["stays"]
    assert herald.receipt(url, "c").json["state"] == "cancelled"
    herald.receipt_state(url, "s", "acked")
    assert request("DELETE", f"{url}/messages/s").json["state"] == "acked"


async def test_pages_of_other_origins_may_send(plain_server, name):
    _, url = await offline_device(plain_server, name)
    answer = request("OPTIONS", url, headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"})
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert notify(url).headers["Access-Control-Allow-Origin"] == "*"


async def test_metrics_count_what_happened(plain_server, name):
    before = herald.metric(plain_server, "herald_notifications_accepted_total") or 0
    async with Device(plain_server) as device:
        url = await device.register_wa(name)
        notify(url)
        await device.notification()
    assert herald.metric(plain_server, "herald_notifications_accepted_total") == before + 1
    refused = herald.metric(plain_server, "herald_refusals_total", reason="not_json") or 0
    request("POST", url, "{oops")
    assert herald.metric(plain_server, "herald_refusals_total", reason="not_json") == refused + 1
