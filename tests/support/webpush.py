"""User agents of the second and third generation, over a websockets connection."""

import asyncio
import base64
import json
import uuid

import herald
import websockets


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(url):
    """The same with another token that nobody sealed. Not its last characters, which may be what one would put there."""
    at = len(url) - 9
    return url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1:]


class JsonDevice:
    """What both generations share: one JSON object a frame."""

    def __init__(self, server, uaid=None, subprotocols=("push-notification",)):
        self.server, self.uaid, self.subprotocols = server, uaid, subprotocols
        self.socket = None
        self.waiting = []

    async def connect(self):
        self.socket = await websockets.connect(
            self.server.ws, subprotocols=list(self.subprotocols) or None, ssl=self.server.context, ping_interval=None,
            open_timeout=herald.WAIT_SECONDS, close_timeout=herald.WAIT_SECONDS, max_queue=None)
        return self

    async def __aenter__(self):
        await self.connect()
        await self.hello()
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def close(self):
        await self.socket.close()

    def drop(self):
        self.socket.transport.abort()

    async def send(self, value):
        await self.socket.send(value if isinstance(value, (str, bytes)) else json.dumps(value))

    async def receive(self, seconds=herald.WAIT_SECONDS):
        return json.loads(await asyncio.wait_for(self.socket.recv(), seconds))

    async def expect(self, message_type):
        """The next frame of that type; others are kept for later."""
        for at, frame in enumerate(self.waiting):
            if frame.get("messageType") == message_type:
                return self.waiting.pop(at)
        while True:
            frame = await self.receive()
            if frame.get("messageType") == message_type:
                return frame
            self.waiting.append(frame)

    async def answered(self):
        """Pings, and returns when that is answered: what the server was asked before is done. Other frames are kept for later."""
        await self.send({})
        while (frame := await self.receive()) != {}:
            self.waiting.append(frame)

    async def nothing(self, seconds=0.3):
        assert not self.waiting, self.waiting
        try:
            got = await self.receive(seconds)
        except asyncio.TimeoutError:
            return
        raise AssertionError(f"unexpected frame: {got!r}")

    async def closed(self):
        """Waits for the server to close; returns its code and reason."""
        await asyncio.wait_for(self.socket.wait_closed(), herald.WAIT_SECONDS)
        return self.socket.close_code, self.socket.close_reason

    async def register(self, channel=None, **more):
        channel = channel or str(uuid.uuid4())
        await self.send({"messageType": "register", "channelID": channel, **more})
        reply = await self.expect("register")
        assert reply["status"] == 200 and reply["channelID"] == channel, reply
        return channel, reply["pushEndpoint"]

    async def unregister(self, channel):
        await self.send({"messageType": "unregister", "channelID": channel})
        return await self.expect("unregister")


class WebPushDevice(JsonDevice):
    async def hello(self, **more):
        uaid = {"uaid": self.uaid} if self.uaid else {}
        await self.send({"messageType": "hello", "broadcasts": {}, "use_webpush": True, **uaid, **more})
        reply = await self.receive()
        assert reply["messageType"] == "hello" and reply["status"] == 200 and reply["use_webpush"] is True, reply
        self.uaid = reply["uaid"]
        return reply

    async def notification(self, ack=True):
        frame = await self.expect("notification")
        if ack:
            await self.ack(frame)
        return frame

    async def ack(self, frame, code=100):
        update = {"channelID": frame["channelID"], "version": frame["version"], "code": code}
        await self.send({"messageType": "ack", "updates": [update]})


class SimplePushDevice(JsonDevice):
    async def hello(self, channels=(), **more):
        await self.send({"messageType": "hello", "uaid": self.uaid, "channelIDs": list(channels), **more})
        reply = await self.receive()
        assert reply["messageType"] == "hello", reply
        self.uaid = reply["uaid"]
        return reply

    async def hello_refused(self):
        await self.send({"messageType": "hello", "uaid": self.uaid, "channelIDs": []})
        return await self.receive()

    async def update(self, ack=True):
        frame = await self.expect("notification")
        assert len(frame["updates"]) == 1, frame
        update = frame["updates"][0]
        if ack:
            await self.ack(update)
        return update["channelID"], update["version"]

    async def ack(self, update):
        await self.send({"messageType": "ack", "updates": [update]})


BODY = bytes(range(16)) + (4096).to_bytes(4, "big") + bytes([65]) + bytes([4]) + bytes(64) + bytes(40)


def push(endpoint, body=BODY, ttl=600, status=201, **headers):
    """POSTs a Web Push message as an application server does, with an aes128gcm body that nobody can read."""
    fields = {"TTL": str(ttl), **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body:
        fields.setdefault("Content-Encoding", "aes128gcm")
    answer = herald.request("POST", endpoint, body, headers=fields)
    assert answer.status == status, answer
    return answer


def put_version(endpoint, version, status=200):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = herald.request("PUT", endpoint, f"version={version}", headers=headers)
    assert answer.status == status, answer
    return answer
