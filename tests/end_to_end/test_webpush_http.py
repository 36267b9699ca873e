"""Application servers of Web Push, SimplePush and Matrix over the real server: what is stored, refused, replaced, taken
back and receipted. Messages are encrypted and signed with `cryptography`, not with our own code."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import os
import socket
import threading
import time
import urllib.parse
import uuid

import pytest
import websockets
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import herald
from herald import eventually, request
from webpush import forged

RECEIPT = 'rel="urn:ietf:params:push:receipt"'


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def hkdf(salt, material, info, size):
    prk = hmac.new(salt, material, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:size]


class Keys:
    """A browser's half of a subscription (RFC 8291)."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    def content_keys(self, salt, shared, sender):
        material = hkdf(self.auth, shared, b"WebPush: info\0" + point(self.private) + sender, 32)
        key = hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        return AESGCM(key), hkdf(salt, material, b"Content-Encoding: nonce\0", 12)

    def encrypt(self, text):
        sender = ec.generate_private_key(ec.SECP256R1())
        salt = os.urandom(16)
        aead, nonce = self.content_keys(salt, sender.exchange(ec.ECDH(), self.private.public_key()), point(sender))
        head = salt + (4096).to_bytes(4, "big") + b"\x41" + point(sender)
        return head + aead.encrypt(nonce, text.encode() + b"\x02", None)

    def decrypt(self, body):
        salt, sender = body[:16], body[21:86]
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        aead, nonce = self.content_keys(salt, self.private.exchange(ec.ECDH(), public), sender)
        return aead.decrypt(nonce, body[86:], None).rstrip(b"\0")[:-1].decode()

    def for_sender(self, endpoint):
        return {"endpoint": endpoint, "keys": {"p256dh": b64(point(self.private)), "auth": b64(self.auth)}}


def vapid(key, endpoint, seconds=3600, **claims):
    parts = urllib.parse.urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + seconds, **claims}
    head = b64(json.dumps({"typ": "JWT", "alg": "ES256"}).encode()) + "." + b64(json.dumps(claims).encode())
    r, s = decode_dss_signature(key.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
    return f"vapid t={head}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={b64(point(key))}"


class Agent:
    """A Web Push user agent: one connection, channels as asked for."""

    def __init__(self, server, uaid=None):
        self.server, self.uaid, self.waiting = server, uaid, []

    async def __aenter__(self):
        self.socket = await websockets.connect(
            self.server.ws, ssl=self.server.context, subprotocols=["push-notification"], ping_interval=None,
            open_timeout=herald.WAIT_SECONDS
        )
        answer = await self.ask("hello", use_webpush=True, **({"uaid": self.uaid} if self.uaid else {}))
        assert answer["status"] == 200 and self.uaid in (None, answer["uaid"]), answer
        self.uaid = answer["uaid"]
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def ask(self, kind, **fields):
        await self.socket.send(json.dumps({"messageType": kind, **fields}))
        while True:
            frame = json.loads(await asyncio.wait_for(self.socket.recv(), herald.WAIT_SECONDS))
            if frame["messageType"] == kind:
                return frame
            self.waiting.append(frame)

    async def subscribe(self, key=None):
        channel = str(uuid.uuid4())
        answer = await self.ask("register", channelID=channel, **({"key": b64(point(key))} if key else {}))
        assert answer["status"] == 200, answer
        return channel, answer["pushEndpoint"]

    async def notification(self, code=100):
        frame = self.waiting.pop(0) if self.waiting else json.loads(
            await asyncio.wait_for(self.socket.recv(), herald.WAIT_SECONDS)
        )
        assert frame["messageType"] == "notification", frame
        update = {"channelID": frame["channelID"], "version": frame["version"], "code": code}
        await self.socket.send(json.dumps({"messageType": "ack", "updates": [update]}))
        return frame

    async def nothing(self):
        """A ping's answer shows that nothing else was on its way."""
        await self.socket.send("{}")
        frame = await asyncio.wait_for(self.socket.recv(), herald.WAIT_SECONDS)
        assert frame == "{}" and not self.waiting, (frame, self.waiting)


def push(endpoint, body=b"", context=None, ttl="600", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body:
        named.setdefault("Content-Encoding", "aes128gcm")
    named = {name: value.encode("latin-1") for name, value in named.items() if value is not None}
    return request("POST", endpoint, body, {**({} if ttl is None else {"TTL": ttl}), **named}, context)


def accepted(answer):
    assert answer.status == 201, answer
    return answer.headers["Location"]


async def test_a_message_reaches_the_device_as_it_was_sent(server):
    keys = Keys()
    async with Agent(server) as agent:
        channel, endpoint = await agent.subscribe()
        assert endpoint.startswith(server.url + "/wpush/v1/") and len(endpoint) < 1000
        answer = push(endpoint, keys.encrypt("Hello, ¡mundo!"), server.context)
        assert accepted(answer).startswith(server.url + "/m/")
        assert answer.headers["TTL"] == "600" and answer.body == b""
        frame = await agent.notification()
        assert frame["channelID"] == channel and frame["headers"]["encoding"] == "aes128gcm"
        assert keys.decrypt(unb64(frame["data"])) == "Hello, ¡mundo!"


async def test_4096_bytes_pass_and_one_more_does_not(plain_server):
    body = os.urandom(4096)
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        accepted(push(endpoint, body))
        assert unb64((await agent.notification())["data"]) == body
        answer = push(endpoint, body + b"x")
        assert answer.status == 413 and answer.json["errno"] == 104


async def test_a_restricted_subscription_takes_only_its_key(server):
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe(key)
        assert "/wpush/v2/" in endpoint
        without = push(endpoint, context=server.context)
        assert without.status == 401 and without.headers["WWW-Authenticate"] == "vapid"
        for bad in (vapid(other, endpoint), vapid(key, endpoint, -3600), vapid(key, endpoint, 90000),
                    vapid(key, "https://other.example/"), vapid(key, endpoint)[:-4], "Basic eDp5"):
            answer = push(endpoint, context=server.context, Authorization=bad)
            assert answer.status == 401 and answer.json["errno"] == 109, (bad, answer)
        for _ in range(3):
            accepted(push(endpoint, context=server.context, Authorization=vapid(key, endpoint, sub="mailto:a@b.example")))
            assert "data" not in await agent.notification()


async def test_a_topic_replaces_what_waits_and_its_old_location_touches_nothing(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
    old = accepted(push(endpoint, b"old", Topic="news"))
    new = accepted(push(endpoint, b"new", Topic="news"))
    assert old != new
    assert request("DELETE", old).status == 204
    async with Agent(plain_server, agent.uaid) as again:
        assert unb64((await again.notification())["data"]) == b"new"
        await again.nothing()


async def test_delete_takes_back_what_waits(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
    location = accepted(push(endpoint, b"never"))
    kept = accepted(push(endpoint, b"kept"))
    assert request("DELETE", location).status == 204
    assert request("DELETE", location).status == 204
    assert request("DELETE", kept[: kept.index("/m/")] + "/m/garbage").status == 400
    async with Agent(plain_server, agent.uaid) as again:
        assert unb64((await again.notification())["data"]) == b"kept"
        await again.nothing()


async def test_ttl_0_is_for_who_is_connected(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        answer = push(endpoint, b"now", ttl="0")
        accepted(answer)
        assert answer.headers["TTL"] == "0"
        assert unb64((await agent.notification())["data"]) == b"now"
    routed = herald.metric(plain_server, "herald_routed_total")
    accepted(push(endpoint, b"too late", ttl="0"))
    eventually(lambda: herald.metric(plain_server, "herald_routed_total") > routed, "the monitor looked for the device")
    accepted(push(endpoint, b"waits"))
    async with Agent(plain_server, agent.uaid) as again:
        assert unb64((await again.notification())["data"]) == b"waits"
        await again.nothing()


async def test_what_was_accepted_survives_kill_9(own_server):
    server = own_server()
    key = ec.generate_private_key(ec.SECP256R1())
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe(key)
    answer = push(endpoint, b"durable", Authorization=vapid(key, endpoint), Prefer="respond-async")
    assert answer.status == 202
    server.restart()
    async with Agent(server, agent.uaid) as again:
        assert unb64((await again.notification())["data"]) == b"durable"
    accepted(push(endpoint, b"the endpoint lives on", Authorization=vapid(key, endpoint)))
    link = answer.headers["Link"].split(">")[0][1:]
    eventually(lambda: request("GET", link).json["messages"][0]["status"] == 204, "the receipt lives on")


async def test_endpoints_and_uaids_outlive_a_rotation_of_keys(own_server, tmp_path):
    new, old = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    keys = tmp_path / "token.keys"
    keys.write_text(old + "\n")
    server = own_server("--token-key-file", str(keys))
    key = ec.generate_private_key(ec.SECP256R1())
    async with Agent(server) as agent:
        channel, endpoint = await agent.subscribe(key)
    keys.write_text(f"{new}\n{old}\n")
    server.restart()
    location = accepted(push(endpoint, b"an old endpoint", Authorization=vapid(key, endpoint)))
    async with Agent(server, agent.uaid) as again:
        assert unb64((await again.notification())["data"]) == b"an old endpoint"
        renewed = (await again.ask("register", channelID=channel, key=b64(point(key))))["pushEndpoint"]
        assert renewed != endpoint
        accepted(push(renewed, b"the same subscription", Authorization=vapid(key, renewed)))
        assert (await again.notification())["channelID"] == channel
    keys.write_text(new + "\n")
    server.restart()
    assert push(endpoint, Authorization=vapid(key, endpoint)).status == 404
    assert request("DELETE", location).status == 204, "sealed by the new key"
    accepted(push(renewed, Authorization=vapid(key, renewed)))


async def test_an_unsubscribed_endpoint_is_gone(plain_server):
    async with Agent(plain_server) as agent:
        channel, endpoint = await agent.subscribe()
        assert (await agent.ask("unregister", channelID=channel))["status"] == 200
        answer = push(endpoint, b"x")
        assert answer.status == 410 and answer.json["errno"] == 106
        assert answer.headers["Cache-Control"] == "max-age=86400"


SALT = "salt=lngarbyKfMoi9Z75xYXmkg"
DH = "dh=BNoRDbb84JGm8g5Z5CFxurSqsXWJ11ItfXEWYVLE85Y7CYkDjXsIEc4aqxYaQ1G8BqkXCJ6DPpDrWtdWj_mugHU"
# The table of what must be rejected, by its rows: TTL, body, headers, status, errno. H13 to H23, H25: tests of their own.
ROWS = {
    "H1 no TTL": (None, b"", {}, 400, 111),
    "H2 no number": ("abc", b"", {}, 400, 111),
    "H2 a fraction": ("1.5", b"", {}, 400, 111),
    "H2 empty": ("", b"", {}, 400, 111),
    "H3 negative": ("-1", b"", {}, 400, 114),
    "H4 too long is lowered": ("99999999999", b"", {}, 201, None),
    "H5 33 characters": ("1", b"", {"Topic": "a" * 33}, 400, 113),
    "H5 32 characters fit": ("1", b"", {"Topic": "aZ0-_" + "a" * 27}, 201, None),
    "H6 a space": ("1", b"", {"Topic": "a b"}, 400, 113),
    "H6 a letter outside": ("1", b"", {"Topic": "\u00e4"}, 400, 113),
    "H6 a slash": ("1", b"", {"Topic": "a/b"}, 400, 113),
    "H6 empty": ("1", b"", {"Topic": ""}, 400, 113),
    "H7 two urgencies": ("1", b"", {"Urgency": "high, low"}, 400, None),
    "H8 unknown urgency": ("1", b"", {"Urgency": "now"}, 400, None),
    "H9 no encoding": ("1", b"x", {"Content-Encoding": None}, 400, 110),
    "H10 gzip": ("1", b"x", {"Content-Encoding": "gzip"}, 400, 110),
    "H10 two encodings": ("1", b"x", {"Content-Encoding": "aes128gcm, gzip"}, 400, 110),
    "H10 any case is fine": ("1", b"x", {"Content-Encoding": "AES128GCM"}, 201, None),
    "H11 no Encryption": ("1", b"x", {"Content-Encoding": "aesgcm", "Crypto-Key": DH}, 400, 110),
    "H11 no salt": ("1", b"x", {"Content-Encoding": "aesgcm", "Crypto-Key": DH, "Encryption": "rs=4096"}, 400, 110),
    "H11 aesgcm as it should be": ("1", b"x", {"Content-Encoding": "aesgcm", "Crypto-Key": DH, "Encryption": SALT}, 201, None),
    "H12 a salt too many": ("1", b"x", {"Encryption": SALT}, 400, 110),
    "H12 a dh too many": ("1", b"x", {"Crypto-Key": DH}, 400, 110),
    "H15 another scheme": ("1", b"", {"Authorization": "Basic eDp5"}, 401, 109),
    "H24 unknown receipts": ("1", b"", {"Prefer": "respond-async", "Link": f"</r/unknown>; {RECEIPT}"}, 400, None),
    "H24 foreign receipts": ("1", b"", {"Prefer": "respond-async", "Link": f"<https://other.example/r/x>; {RECEIPT}"}, 400, None),
}


@pytest.mark.parametrize("row", ROWS)
async def test_what_must_be_refused(plain_server, row):
    ttl, body, headers, status, errno = ROWS[row]
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
    answer = push(endpoint, body, ttl=ttl, **headers)
    assert answer.status == status, answer
    if status != 201:
        assert answer.json["code"] == status and answer.json["errno"] == errno
        assert answer.json["error"] and answer.json["message"] and answer.json["more_info"]


async def test_h7_and_h26_a_header_twice(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
    path = urllib.parse.urlsplit(endpoint).path
    for twice in ("TTL: 1\r\nTTL: 2", "TTL: 1\r\nUrgency: low\r\nUrgency: high", "TTL: 1\r\nTopic: a\r\nTopic: b"):
        with herald.RawConnection(plain_server.url) as raw:
            raw.send(f"POST {path} HTTP/1.1\r\nHost: {raw.host}\r\n{twice}\r\nContent-Length: 0\r\n\r\n")
            assert raw.response()[0] == 400, twice


async def test_h18_a_key_that_signs_must_not_also_agree(plain_server):
    key = ec.generate_private_key(ec.SECP256R1())
    body = os.urandom(16) + (4096).to_bytes(4, "big") + b"\x41" + point(key) + os.urandom(20)
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe(key)
    answer = push(endpoint, body, Authorization=vapid(key, endpoint))
    assert answer.status == 400 and answer.json["errno"] == 110
    accepted(push(endpoint, body[:21] + point(ec.generate_private_key(ec.SECP256R1())) + body[86:],
                  Authorization=vapid(key, endpoint)))


async def test_other_tokens_and_methods(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        _, restricted = await agent.subscribe(ec.generate_private_key(ec.SECP256R1()))
    for bad in (forged(endpoint), endpoint.replace("/v1/", "/v2/"), endpoint.replace("/v1/", "/v3/"),
                restricted.replace("/v2/", "/v1/"), endpoint + "/x", endpoint[: endpoint.index("/v1/")] + "/v1/"):
        answer = push(bad)
        assert answer.status == 404 and answer.json["errno"] == 102
    assert request("GET", endpoint).json == {"unifiedpush": {"version": 1}}
    put = request("PUT", endpoint, b"x")
    assert put.status == 405 and put.headers["Allow"] == "GET, POST, OPTIONS"
    preflight = request("OPTIONS", endpoint, headers={"Origin": "https://site.example"})
    assert preflight.status == 204 and preflight.headers["Access-Control-Allow-Origin"] == "*"


async def test_receipts_tell_what_became_of_each_message(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        first = push(endpoint, b"one", Prefer="respond-async")
        assert first.status == 202 and first.headers["Preference-Applied"] == "respond-async"
        link = first.headers["Link"]
        assert link.endswith(f">; {RECEIPT}")
        receipts = link.split(">")[0][1:]
        shown = request("GET", receipts)
        assert shown.json["messages"][0]["location"] == first.headers["Location"]
        etag = shown.headers["ETag"]
        # A GET that waits is answered when the device acks.
        waiting = asyncio.create_task(asyncio.to_thread(request, "GET", receipts, None, {"If-None-Match": etag}))
        await agent.notification()
        answer = await waiting
        if answer.json["messages"][0]["status"] is None:
            answer = eventually(
                lambda: (a := request("GET", receipts)).json["messages"][0]["status"] and a, "the ack is told"
            )
        assert answer.json["messages"][0]["status"] == 204
    second = push(endpoint, b"two", Prefer="respond-async", Link=link, Topic="t")
    assert second.status == 202 and second.headers["Link"] == link
    assert push(endpoint, b"three", Topic="t").status == 201
    rows = request("GET", receipts).json["messages"]
    assert [row["status"] for row in rows] == [204, 410] and rows[1]["state"] == "replaced"
    unchanged = request("GET", receipts, headers={"If-None-Match": request("GET", receipts).headers["ETag"], "Prefer": "wait=0"})
    assert unchanged.status == 304
    assert request("DELETE", receipts).status == 204
    assert request("GET", receipts).status == 404
    assert push(endpoint, b"x", Prefer="respond-async", Link=link).status == 400


BURST = 10  # what a rate of one a second allows at once


def refused_in_the_end(send, status, most=200):
    """Sends until it is too much, and answers the refusal. However slow the machine is, one of so many comes too soon."""
    for _ in range(most):
        answer = send()
        if answer.status == status:
            assert int(answer.headers["Retry-After"]) >= 1
            return answer
    raise AssertionError(f"{most} were taken")


async def test_too_many_are_told_what_and_when(own_server):
    server = own_server("--limits-webpush-per-subscription-per-s", "1")
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
        _, other = await agent.subscribe()
    accepted(push(endpoint))
    refused = refused_in_the_end(lambda: push(endpoint), 429)
    assert "to this subscription" in refused.json["message"]
    accepted(push(other))

    server = own_server("--limits-webpush-per-key-per-s", "1")
    key, stranger = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
    refused = refused_in_the_end(lambda: push(endpoint, Authorization=vapid(key, endpoint, jti=str(uuid.uuid4()))), 429)
    assert "under this VAPID key" in refused.json["message"]
    accepted(push(endpoint, Authorization=vapid(stranger, endpoint)))
    accepted(push(endpoint))


async def test_behind_a_proxy_each_sender_has_its_own_rate(own_server):
    flags = ("--limits-webpush-per-address-per-s", "1", "--limits-connections-per-address", "3")
    server = own_server(*flags, "--trusted-proxies", "127.0.0.1/32,10.0.0.0/8")
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()

    def too_much(forwarded, most=200):
        return refused_in_the_end(lambda: push(endpoint, X_Forwarded_For=forwarded), 429, most)

    assert "from this address" in too_much("192.0.2.1").json["message"]
    # Who it is stands at the right: what a sender writes itself comes before. One who is new could send BURST.
    too_much("192.0.2.77, 192.0.2.1, 10.1.2.3", BURST)
    for other in ("192.0.2.2", "192.0.2.1, 192.0.2.3"):
        assert push(endpoint, X_Forwarded_For=other).status == 201
    # What can't be read counts for the proxy.
    too_much("unknown")
    too_much("192.0.2.4, x", BURST)
    # A proxy may hold more connections than one address.
    agents = [Agent(server) for _ in range(6)]
    for agent in agents:
        await agent.__aenter__()
    for agent in agents:
        await agent.__aexit__()

    server = own_server(*flags)
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
    strangers = (f"192.0.2.{n}" for n in range(200))
    refused_in_the_end(lambda: push(endpoint, X_Forwarded_For=next(strangers)), 429)  # the header is not believed


async def test_the_matrix_gateway_delivers_to_its_own_endpoints_only(plain_server):
    gateway = plain_server.url + "/_matrix/push/v1/notify"
    assert request("GET", gateway).json == {"unifiedpush": {"gateway": "matrix"}}
    async with Agent(plain_server) as agent:
        channel, endpoint = await agent.subscribe()
        gone, gone_endpoint = await agent.subscribe()
        await agent.ask("unregister", channelID=gone)
        foreign = "https://other.example/x"
        devices = [{"app_id": "a", "pushkey": key} for key in (endpoint, gone_endpoint, foreign)]
        posted = {"notification": {"event_id": "$e1", "counts": {"unread": 2}, "devices": devices}}
        answer = herald.post_json(gateway, posted)
        assert answer.status == 200 and answer.json == {"rejected": [gone_endpoint, foreign]}
        frame = await agent.notification()
        assert frame["channelID"] == channel
        assert json.loads(unb64(frame["data"])) == {"notification": {"event_id": "$e1", "counts": {"unread": 2}}}
    # U7
    bodies = ["x", "", "[]", "{}", '{"notification":{}}', '{"notification":{"devices":[]}}',
              '{"notification":{"devices":[{"app_id":"a","pushkey":""}]}}']
    assert [request("POST", gateway, body).status for body in bodies] == [400] * len(bodies)
    # U11, U12
    posted["notification"]["content"] = "x" * 4096
    assert herald.post_json(gateway, posted).status == 200
    for method in ("PUT", "DELETE"):
        answer = request(method, gateway, "x")
        assert answer.status == 405 and answer.headers["Allow"] == "GET, POST, OPTIONS"


async def test_the_matrix_gateway_takes_whatever_a_member_of_a_room_wrote(plain_server):
    gateway = plain_server.url + "/_matrix/push/v1/notify"
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        devices = json.dumps([{"app_id": "a", "pushkey": endpoint}])
        contents = ['{"body":"' + "x" * 6000 + '"}', '{"body":"' + r"\u00e9" * 9_000 + '"}', "[" * 5000 + "]" * 5000,
                    r'{"body":"a\u0000b"}', r'{"body":"\ud800"}', "1e400", '{"a":1,"a":2}']
        for content in contents:
            body = f'{{"notification":{{"event_id":"$e","room_id":"!r","counts":{{"unread":2}},"content":{content},"devices":{devices}}}}}'
            answer = request("POST", gateway, body, headers={"Content-Type": "application/json"})
            assert answer.status == 200 and answer.json == {"rejected": []}, content[:40]
            got = json.loads(unb64((await agent.notification())["data"]))["notification"]
            assert got == {"event_id": "$e", "room_id": "!r", "counts": {"unread": 2}}


async def test_the_matrix_gateway_takes_an_event_as_long_as_matrix_allows(plain_server):
    """65,536 bytes, each written as \\uXXXX, as some homeservers write '<'; and so a name of the sender and of the room."""
    gateway = plain_server.url + "/_matrix/push/v1/notify"
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        long = r"\u003c" * 65_536
        body = (f'{{"notification":{{"event_id":"$e","content":{{"body":"{long}"}},"sender_display_name":"{long}","room_name":"{long}",'
                f'"devices":[{{"app_id":"a","pushkey":"{endpoint}"}}]}}}}')
        for posted in (body, [body.encode()]):  # sized, in chunks
            answer = request("POST", gateway, posted, headers={"Content-Type": "application/json"})
            assert answer.status == 200 and answer.json == {"rejected": []}
            assert json.loads(unb64((await agent.notification())["data"])) == {"notification": {"event_id": "$e"}}
        limit = 1_310_720
        assert request("POST", gateway, body.ljust(limit)).status == 200
        assert request("POST", gateway, body.ljust(limit + 1)).status == 413
        assert request("POST", endpoint, "x" * 65_537, headers={"TTL": "60"}).status == 413, "only there"


async def test_u8_pushkeys_that_only_look_like_ours(plain_server):
    """None is connected to: a listener on this machine hears nothing."""
    gateway = plain_server.url + "/_matrix/push/v1/notify"
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
    path, port = urllib.parse.urlsplit(endpoint).path, urllib.parse.urlsplit(endpoint).port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other = listener.getsockname()[1]
        keys = [f"http://127.0.0.1:{other}{path}", f"http://127.0.0.1:{port}@127.0.0.1:{other}{path}",
                f"http://127.0.0.1:{port}.evil.test{path}", f"https://127.0.0.1:{port}{path}", f"ws://127.0.0.1:{port}{path}",
                f"http://localhost:{port}{path}", "not a url", path, plain_server.url + "/wpush/v1/garbage"]
        devices = [{"app_id": "a", "pushkey": key} for key in keys]
        answer = herald.post_json(gateway, {"notification": {"event_id": "$e", "devices": devices}})
        assert answer.status == 200 and answer.json == {"rejected": keys}
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


class OtherServer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


async def test_the_gateway_reaches_other_servers_only_if_the_operator_says_so(own_server):
    allowed = ("--unifiedpush-allowed-hosts", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherServer) as other:
        other.got, other.status = [], 201
        threading.Thread(target=other.serve_forever, daemon=True).start()
        foreign = f"http://127.0.0.1:{other.server_address[1]}/up/1?x=2"
        posted = {"notification": {"event_id": "$e", "prio": "low", "devices": [{"app_id": "a", "pushkey": foreign}]}}

        def post(server):
            return herald.post_json(server.url + "/_matrix/push/v1/notify", posted)

        for flags in ((), allowed):
            answer = post(own_server(*flags))
            assert answer.status == 200 and answer.json == {"rejected": [foreign]}, "a private address"
        assert other.got == []
        server = own_server(*allowed, "--unifiedpush-private-hosts", "allow")
        assert post(server).json == {"rejected": []}
        path, headers, body = other.got[0]
        assert path == "/up/1?x=2" and json.loads(body) == {"notification": {"event_id": "$e", "prio": "low"}}
        assert (headers["TTL"], headers["Urgency"], headers["Content-Encoding"]) == ("86400", "low", "aes128gcm")
        for status, expected in ((302, [foreign]), (404, [foreign]), (410, [foreign]), (413, [])):
            other.status = status
            assert post(server).json == {"rejected": expected}, status
        for status in (429, 503):
            other.status = status
            assert post(server).status == 503
        other.shutdown()


async def test_u5_and_u6_the_gateway_and_rates_and_keys(own_server):
    server = own_server("--limits-webpush-per-subscription-per-s", "1")
    gateway = server.url + "/_matrix/push/v1/notify"
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
        _, restricted = await agent.subscribe(ec.generate_private_key(ec.SECP256R1()))
    posted = {"notification": {"event_id": "$e", "devices": [{"app_id": "a", "pushkey": restricted}]}}
    assert herald.post_json(gateway, posted).json == {"rejected": [restricted]}
    posted["notification"]["devices"][0]["pushkey"] = endpoint
    assert herald.post_json(gateway, posted).json == {"rejected": []}
    # U10: it passes, so the pushkey is kept.
    refused_in_the_end(lambda: herald.post_json(gateway, posted), 503)


async def test_u14_discovery_tells_nothing_about_tokens(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
    answers = [request("GET", url) for url in (endpoint, forged(endpoint), plain_server.url + "/wpush/v1/x")]
    assert {(answer.status, answer.body) for answer in answers} == {(200, b'{"unifiedpush":{"version":1}}')}


async def test_lenient_takes_old_unifiedpush_senders(own_server, plain_server):
    lenient = own_server("--unifiedpush-senders", "lenient")
    for server, status in ((plain_server, 400), (lenient, 201)):
        async with Agent(server) as agent:
            _, endpoint = await agent.subscribe()
        answer = request("POST", endpoint, b"hello")
        assert answer.status == status
        if status == 201:
            assert answer.headers["TTL"] == "0"


async def test_simplepush_delivers_the_newest_version(plain_server):
    async def hello(socket, uaid, channels):
        await socket.send(json.dumps({"messageType": "hello", "uaid": uaid, "channelIDs": channels}))
        return json.loads(await asyncio.wait_for(socket.recv(), herald.WAIT_SECONDS))

    async with websockets.connect(plain_server.ws, subprotocols=["push-notification"], open_timeout=herald.WAIT_SECONDS) as socket:
        uaid = (await hello(socket, "", []))["uaid"]
        await socket.send(json.dumps({"messageType": "register", "channelID": "mail"}))
        endpoint = json.loads(await asyncio.wait_for(socket.recv(), herald.WAIT_SECONDS))["pushEndpoint"]
        assert "/spush/v1/" in endpoint
    for version in (6, 7):
        answer = request("PUT", endpoint, f"version={version}")
        assert answer.status == 200 and answer.json == {}
    # P13 to P15, P19, P20
    for bad in ("version=-1", "version=1.5", "version=9007199254740992", "v=1"):
        assert request("PUT", endpoint, bad).status == 400, bad
    assert request("PUT", endpoint, "x" * 26).status == 413
    assert request("PUT", endpoint, "version=8&data=" + "x" * 4097).status == 413
    post = request("POST", endpoint, "version=8")
    assert post.status == 405 and post.headers["Allow"] == "PUT, OPTIONS"
    assert request("PUT", forged(endpoint), "version=8").status == 404
    async with websockets.connect(plain_server.ws, subprotocols=["push-notification"], open_timeout=herald.WAIT_SECONDS) as socket:
        assert (await hello(socket, uaid, ["mail"]))["uaid"] == uaid
        frame = json.loads(await asyncio.wait_for(socket.recv(), herald.WAIT_SECONDS))
        assert frame == {"messageType": "notification", "updates": [{"channelID": "mail", "version": 7}]}


async def test_commands_send_and_listen(plain_server, tmp_path):
    binary = herald.need_binary()

    async def run(*arguments):
        process = await asyncio.create_subprocess_exec(
            binary, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, error = await asyncio.wait_for(process.communicate(), herald.WAIT_SECONDS)
        return process.returncode, out.decode(), error.decode()

    code, out, _ = await run("keys", "--type", "vapid", "--out", str(tmp_path / "my"), "--subject", "mailto:a@b.example")
    keys_file = str(tmp_path / "my.vapid.json")
    assert code == 0 and json.load(open(keys_file))["publicKey"] in out
    listener = await asyncio.create_subprocess_exec(
        binary, "listen", "--server", plain_server.url, "--webpush", "--vapid", keys_file, "--json", "--count", "2",
        "--token-file", str(tmp_path / "device"), stdout=asyncio.subprocess.PIPE,
    )
    line = await asyncio.wait_for(listener.stdout.readline(), herald.WAIT_SECONDS)
    subscription = tmp_path / "subscription.json"
    subscription.write_bytes(line)
    assert "/wpush/v2/" in json.loads(line)["endpoint"]
    for form in ([], ["--aesgcm", "--receipt"]):
        code, out, error = await run(
            "send", "--webpush", str(subscription), "--vapid", keys_file, "--urgency", "high", *form, "Dinner is ready"
        )
        assert code == 0 and "Accepted." in out, error
        shown = json.loads(await asyncio.wait_for(listener.stdout.readline(), herald.WAIT_SECONDS))
        assert shown["message"] == "Dinner is ready"
    receipts = out.split("What became of it: curl ")[1].strip()
    eventually(lambda: request("GET", receipts).json["messages"][0]["state"] == "acked", "the receipt tells it")
    assert await asyncio.wait_for(listener.wait(), herald.WAIT_SECONDS) == 0
    code, _, error = await run("send", "--webpush", str(subscription), "Dinner is ready")
    assert code == 1 and "401" in error and "VAPID" in error
