"""The promises of test_crash.py for the newer generations: Web Push and SimplePush devices and their senders, while the
server is killed with -9 at random moments.

- each accepted message reached its device at least once, or was replaced, expired, or had TTL 0;
- a repeat carries the same version;
- a replaced or expired message did not come after its replacement, or late; one with TTL 0 not twice;
- of the versions of a SimplePush channel, the newest accepted one came in the end, and none after a newer one was acked;
- subscriptions outlive every kill: the endpoints are the same, and none answers 404 or 410;
- the receipt subscription tells of each message under it that it was delivered.

HERALD_CRASH_ROUNDS sets the number of kills (default 12), HERALD_CRASH_SEED the seed, printed on failure."""

import asyncio
import base64
import json
import os
import random
import time

import herald
import webpush
import websockets
from lag import Lag
from test_crash import CLOCK_SLACK_S, SEED, SETTLE_SECONDS

ROUNDS = int(os.environ.get("HERALD_CRASH_ROUNDS", "12"))
DEVICES = 4
SENDERS = 3
TOPICS = 3
SHORT_TTL_S = 1
TRANSIENT_MOST_S = 5  # transient_grace_ms
QUIET_S = 1.0         # a device that hears nothing for so long connects anew
FLAGS = ("--limits-sweep-interval-ms", "500", "--limits-sweep-age-ms", "1000",
         "--limits-webpush-per-subscription-per-s", "100000")


class Book:
    """What was promised and what was seen. A text is "<kind> <topic or -> <number>"."""

    def __init__(self, lag):
        self.lag = lag       # how long ago what is read now may have come
        self.accepted = {}   # text -> device
        self.settled_at = {} # text -> when its POST was answered or failed: it was accepted before, or not at all
        self.came_at = {}    # text -> when it came last
        self.newest = {}     # (device, topic) -> number of the last message begun
        self.begun = 0
        self.version = {}    # text -> version
        self.count = {}      # text -> how often it came
        self.highest = {}    # (device, topic) -> highest number seen
        self.put = 0         # SimplePush: the last version tried; the last accepted; the highest acked
        self.put_accepted = self.put_acked = 0
        self.faults = []

    def begin(self, device, kind, topic):
        self.begun += 1
        if topic:
            self.newest[(device, topic)] = self.begun
        return f"{kind} {topic or '-'} {self.begun}"

    def delivered(self, device, text, version):
        kind, topic, number = text.split()
        self.came_at[text] = time.time() - self.lag.seconds()
        self.count[text] = self.count.get(text, 0) + 1
        if self.version.setdefault(text, version) != version:
            self.faults.append(f"{text!r} came as {self.version[text]} and as {version}")
        if self.accepted.get(text, device) != device:
            self.faults.append(f"{text!r} came to device {device}")
        if kind == "transient" and self.count[text] > 1:
            self.faults.append(f"{text!r} came again")
        if topic != "-":
            highest = self.highest.get((device, topic), 0)
            if int(number) < highest:
                self.faults.append(f"{text!r} followed its replacement {highest}")
            self.highest[(device, topic)] = max(int(number), highest)

    def late(self):
        """What came after it had expired."""
        out = []
        for text, came_at in self.came_at.items():
            most = {"short": SHORT_TTL_S, "transient": TRANSIENT_MOST_S}.get(text.split()[0])
            age = came_at - self.settled_at.get(text, came_at)
            if most and age > most + CLOCK_SLACK_S:
                out.append(f"{text!r} came {age:.2f} s old")
        return out

    def updated(self, version):
        if version < self.put_acked:
            self.faults.append(f"version {version} came after {self.put_acked} was acked")

    def missing(self):
        out = []
        for text, device in self.accepted.items():
            kind, topic, number = text.split()
            replaced = topic != "-" and self.newest[(device, topic)] != int(number)
            if kind == "lasting" and not replaced and text not in self.count:
                out.append((device, text))
        if self.put_acked < self.put_accepted:
            out.append(("SimplePush", self.put_accepted))
        return out


async def for_ever(state, life):
    """Lives one connection after the other."""
    while not state["over"]:
        try:
            await life()
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
            await asyncio.sleep(0.05)


async def one_device(number, server, state, uaid, book):
    """Acks most, leaves some unacked, drops the connection now and then."""
    dice = random.Random(SEED + number)

    async def life():
        device = await webpush.WebPushDevice(server, uaid).connect()
        try:
            reply = await device.hello()
            assert reply["uaid"] == uaid, "the server forgot the device"
            while not state["over"]:
                frame = await device.receive(QUIET_S)
                data = frame["data"]
                text = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode()
                book.delivered(number, text, frame["version"])
                if state["settling"] or dice.random() < 0.95:
                    await device.ack(frame)
                elif dice.random() < 0.3:
                    device.drop()
                    return
        finally:
            await device.close()

    await for_ever(state, life)


async def simplepush_device(server, state, uaid, channel, book):
    async def life():
        device = await webpush.SimplePushDevice(server, uaid).connect()
        try:
            reply = await device.hello([channel])
            assert reply["uaid"] == uaid and reply["status"] == 200, reply
            while not state["over"]:
                for update in (await device.receive(QUIET_S))["updates"]:
                    book.updated(update["version"])
                    await device.ack(update)
                    book.put_acked = max(book.put_acked, update["version"])
        finally:
            await device.close()

    await for_ever(state, life)


async def one_sender(number, server, endpoints, receipts, state, book):
    dice = random.Random(SEED * 31 + number)
    loop = asyncio.get_running_loop()
    while not state["stop_sending"]:
        # Each sender has its own topics: what replaces what is then clear.
        device = dice.randrange(DEVICES)
        kind = dice.choice(["lasting", "lasting", "topic", "short", "transient"])
        topic = f"s{number}-{dice.randrange(TOPICS)}" if kind == "topic" else None
        text = book.begin(device, "lasting" if topic else kind, topic)
        ttl = {"short": SHORT_TTL_S, "transient": 0}.get(kind, 3600)
        headers = {"TTL": str(ttl), "Content-Encoding": "aes128gcm", "Urgency": dice.choice(["low", "normal", "high"])}
        if topic:
            headers["Topic"] = topic
        if kind == "lasting":
            headers.update({"Prefer": "respond-async", "Link": receipts})
        try:
            answer = await loop.run_in_executor(
                None, lambda: herald.request("POST", endpoints[device], text, headers=headers))
        except (OSError, herald.http.client.HTTPException):
            await asyncio.sleep(0.02)
            continue
        finally:
            book.settled_at[text] = time.time()
        if answer.status in (201, 202):
            book.accepted[text] = device
        else:
            assert answer.status == 503, f"{answer} to {headers}"


async def version_sender(endpoint, state, book):
    loop = asyncio.get_running_loop()
    while not state["stop_sending"]:
        book.put += 1
        version = book.put
        try:
            answer = await loop.run_in_executor(None, lambda: herald.request("PUT", endpoint, f"version={version}"))
        except (OSError, herald.http.client.HTTPException):
            await asyncio.sleep(0.02)
            continue
        if answer.status == 200:
            book.put_accepted = version
        else:
            assert answer.status == 503, answer
        await asyncio.sleep(0.01)


def receipt_states(url):
    """The states of all messages under that receipt subscription."""
    states, target = [], url + "?limit=1000"
    while target:
        answer = herald.get(target).json
        states += [message["state"] for message in answer["messages"]]
        target = answer.get("next")
    return states


async def subscribe(server):
    """One subscription for each device, and the receipt subscription of all lasting messages."""
    uaids, channels, endpoints = [], [], []
    for _ in range(DEVICES):
        async with webpush.WebPushDevice(server) as device:
            channel, endpoint = await device.register()
            uaids.append(device.uaid)
            channels.append(channel)
            endpoints.append(endpoint)
            answer = webpush.push(endpoint, b"first - 0", status=202, Prefer="respond-async")
            await device.notification()
    return uaids, channels, endpoints, answer.headers["Link"]


async def run(tmp_path):
    dice = random.Random(SEED)
    server = herald.Server(tmp_path, *FLAGS)
    server.start()
    server.context = None
    state = {"over": False, "settling": False, "stop_sending": False}
    lag = Lag()
    book = Book(lag)
    uaids, channels, endpoints, receipts = await subscribe(server)
    async with webpush.SimplePushDevice(server) as device:
        simple_uaid, (simple_channel, simple_endpoint) = device.uaid, await device.register("crash")
    tasks = [asyncio.create_task(one_device(n, server, state, u, book)) for n, u in enumerate(uaids)]
    tasks.append(asyncio.create_task(simplepush_device(server, state, simple_uaid, simple_channel, book)))
    senders = [asyncio.create_task(one_sender(n, server, endpoints, receipts, state, book)) for n in range(SENDERS)]
    senders.append(asyncio.create_task(version_sender(simple_endpoint, state, book)))
    loop = asyncio.get_running_loop()
    for _ in range(ROUNDS):
        await asyncio.sleep(dice.uniform(0.05, 0.7))
        await loop.run_in_executor(None, server.restart)
    state["stop_sending"] = True
    await asyncio.gather(*senders)
    state["settling"] = True
    deadline = time.monotonic() + SETTLE_SECONDS
    while book.missing() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    missing = book.missing()

    # What arrived and was acked is told as acked; what a device left unacked came again while settling.
    url = receipts.split(">")[0][1:]
    states = []
    while time.monotonic() < deadline:
        states = await loop.run_in_executor(None, receipt_states, url)
        if "pending" not in states and "sent" not in states:
            break
        await asyncio.sleep(0.1)
    state["over"] = True
    await asyncio.gather(*tasks)
    await lag.stop()
    for uaid, channel, endpoint in zip(uaids, channels, endpoints):
        async with webpush.WebPushDevice(server, uaid) as device:
            assert (await device.register(channel))[1] == endpoint

    lasting = sum(1 for text in book.accepted if text.split()[:2] == ["lasting", "-"])
    repeats = sum(n - 1 for n in book.count.values())
    print(f"seed {SEED}: {ROUNDS} kills, {len(book.accepted)} accepted, {sum(book.count.values())} deliveries, "
          f"{repeats} repeats, {book.put_accepted} versions, {len(states)} receipts")
    server.stop()
    faults = book.faults + book.late()
    assert not faults, f"seed {SEED}: {faults[:10]}"
    assert not missing, f"seed {SEED}: {len(missing)} lost, such as {missing[:10]}"
    assert set(states) == {"acked"} and len(states) >= lasting, (
        f"seed {SEED}: {lasting} accepted under the receipt subscription, {len(states)} told: {set(states)}")
    assert len(book.accepted) > ROUNDS and book.put_accepted > ROUNDS, f"seed {SEED}: hardly any load"


def test_kill_9_loses_nothing_of_the_newer_generations(tmp_path):
    asyncio.run(run(tmp_path))
