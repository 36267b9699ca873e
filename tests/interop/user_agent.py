"""A Web Push user agent in Python: WebSocket by websockets, decryption by http_ece."""

import asyncio
import base64
import json
import os
import uuid

import websockets
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import clients
import herald


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_value(header, name):
    """The value of `name` in a header like `dh=…;p256ecdsa=…`."""
    return next(part[len(name) + 1:] for part in header.split(";") if part.startswith(name + "="))


class Subscription:
    """One channel with its keys, as a page would have made it."""

    def __init__(self, endpoint, channel_id):
        self.endpoint, self.channel_id = endpoint, channel_id
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    def for_sender(self):
        """What PushSubscription.toJSON() gives."""
        point = self.private_key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "keys": {"p256dh": base64url(point), "auth": base64url(self.auth)}}

    def plaintext(self, notification):
        if "data" not in notification:
            return None
        headers = notification["headers"]
        more = {"version": headers["encoding"], "private_key": self.private_key, "auth_secret": self.auth}
        if headers["encoding"] == "aesgcm":
            more["salt"] = unbase64url(header_value(headers["encryption"], "salt"))
            more["dh"] = unbase64url(header_value(headers["crypto_key"], "dh"))
        return clients.http_ece().decrypt(unbase64url(notification["data"]), **more).decode()


class UserAgent:
    def __init__(self, server, uaid=None):
        self.server, self.uaid = server, uaid
        self.subscriptions = {}

    async def __aenter__(self):
        await self.open()
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def open(self):
        self.socket = await websockets.connect(
            self.server.ws, ssl=self.server.context, subprotocols=["push-notification"], ping_interval=None,
            open_timeout=herald.WAIT_SECONDS, close_timeout=herald.WAIT_SECONDS)
        assert self.socket.subprotocol == "push-notification"
        hello = {"messageType": "hello", "use_webpush": True, "broadcasts": {}, **({"uaid": self.uaid} if self.uaid else {})}
        answer = await self.ask(hello)
        assert answer["status"] == 200 and answer["use_webpush"] is True, answer
        assert self.uaid in (None, answer["uaid"]), answer
        self.uaid = answer["uaid"]

    async def close(self):
        await self.socket.close()

    async def ask(self, message):
        await self.socket.send(json.dumps(message))
        return json.loads(await asyncio.wait_for(self.socket.recv(), herald.WAIT_SECONDS))

    async def subscribe(self, key=None):
        """A new subscription; `key` is the VAPID public key that it is restricted to."""
        channel_id = str(uuid.uuid4())
        answer = await self.ask({"messageType": "register", "channelID": channel_id, **({"key": key} if key else {})})
        assert answer["status"] == 200 and answer["channelID"] == channel_id, answer
        self.subscriptions[channel_id] = Subscription(answer["pushEndpoint"], channel_id)
        return self.subscriptions[channel_id]

    async def unsubscribe(self, subscription):
        answer = await self.ask({"messageType": "unregister", "channelID": subscription.channel_id, "code": 200})
        assert answer["status"] == 200, answer

    async def receive(self):
        """The next notification, acknowledged: (channel id, plaintext or None)."""
        notification = json.loads(await asyncio.wait_for(self.socket.recv(), herald.WAIT_SECONDS))
        assert notification["messageType"] == "notification", notification
        text = self.subscriptions[notification["channelID"]].plaintext(notification)
        update = {"channelID": notification["channelID"], "version": notification["version"], "code": 100}
        await self.socket.send(json.dumps({"messageType": "ack", "updates": [update]}))
        return notification["channelID"], text
