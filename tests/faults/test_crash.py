"""Kills the server with -9 at random moments under load, restarts it, and checks the promises of a notification's life:

- each accepted message reached each device that was registered before, at least once, or was replaced or expired;
- a repeat carries the same messageId;
- a replaced or expired message did not come after its replacement, or late;
- a refused or unanswered POST may or may not arrive, but never twice under different ids.

HERALD_CRASH_ROUNDS sets the number of kills (default 24), HERALD_CRASH_SEED the seed, printed on failure."""

import asyncio
import collections
import json
import os
import random
import socket
import time

import herald
import websockets
from lag import Lag

ROUNDS = int(os.environ.get("HERALD_CRASH_ROUNDS", "24"))
SEED = int(os.environ.get("HERALD_CRASH_SEED", str(random.SystemRandom().randrange(2**32))))
DEVICES = 6
SENDERS = 4
CLOCK_SLACK_S = 0.5
SETTLE_SECONDS = 180
SILENCE_S = 0.5  # after which a device connects again at the end
# Senders wait while a device is so far behind: the clients here are slower than the server, and past pending_per_device
# (10,000) the server drops, as it says it does.
BEHIND_MAX = 2_000


class Book:
    """What was promised and what was seen."""

    def __init__(self, lag):
        self.lag = lag      # how long ago what is read now may have come
        self.accepted = {}  # text -> (sender id or None, expires_at or None, accepted_at)
        self.order = {}     # sender id -> texts in the order accepted or possibly accepted
        self.seen = {}      # (device, text) -> messageId
        self.count = {}     # (device, text) -> how often
        self.highest = {}   # (device, sender id) -> highest number seen
        self.lasting = 0    # accepted messages that neither expire nor are replaced
        self.lasting_seen = [0] * DEVICES
        self.faults = []
        self.refused = []   # POSTs that were told to come again, and those that got no answer: what was said
        self.unanswered = []

    def accept(self, text, sender_id, expires_at):
        self.accepted[text] = (sender_id, expires_at, time.time())
        if sender_id is None and expires_at is None:
            self.lasting += 1

    def behind(self):
        """How many lasting messages the slowest device has not seen."""
        return self.lasting - min(self.lasting_seen)

    def posted(self, text, sender_id):
        if sender_id:
            self.order.setdefault(sender_id, []).append(text)

    def delivered(self, device, notification):
        text, key = notification["message"], (device, notification["message"])
        if key not in self.seen and "id" not in notification and not notification.get("ttl"):
            self.lasting_seen[device] += 1
        before = self.seen.setdefault(key, notification["messageId"])
        if before != notification["messageId"]:
            self.faults.append(f"{key} came as {before} and as {notification['messageId']}")
        self.count[key] = self.count.get(key, 0) + 1
        if "ttl" in notification:
            came_at = time.time() - self.lag.seconds()
            if notification["ttl"] and came_at > notification["timestamp"] / 1000 + notification["ttl"] + CLOCK_SLACK_S:
                self.faults.append(f"{key} came late")
        sender_id = notification.get("id")
        if sender_id:
            number = int(text.rsplit("#", 1)[1])
            highest = self.highest.get((device, sender_id), -1)
            if number < highest:
                self.faults.append(f"{key}: a replaced message followed its replacement #{highest}")
            self.highest[(device, sender_id)] = max(number, highest)

    def missing(self, devices):
        """What was accepted, was neither replaced nor could expire, and was not seen."""
        out = []
        for text, (sender_id, expires_at, _) in self.accepted.items():
            if expires_at is not None:
                continue
            if sender_id and self.order[sender_id][-1] != text:
                continue
            out += [(device, text) for device in devices if (device, text) not in self.seen]
        return out


async def one_device(number, server, state, uatoken, book):
    """Connects for ever; acks most, leaves some unacked, drops the connection now and then."""
    dice = random.Random(SEED + number)
    while not state["over"]:
        try:
            async with websockets.connect(server.ws, subprotocols=["push-notification"], ping_interval=None,
                                          open_timeout=5, close_timeout=1) as ws:
                await ws.send(json.dumps({"data": {"uatoken": uatoken}, "command": "register/ua"}))
                while not state["over"]:
                    frame = await asyncio.wait_for(ws.recv(), SILENCE_S if state["settling"] else 2)
                    if not frame.startswith("["):
                        if "Could not add UAtoken" in frame:
                            break  # the store is away: again
                        assert frame == "OK", frame
                        continue
                    notification = json.loads(frame)[0]
                    book.delivered(number, notification)
                    if state["settling"] or dice.random() < 0.9:
                        await ws.send(json.dumps({"messageType": "ack", "messageId": notification["messageId"]}))
                    elif dice.random() < 0.3:
                        break
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
            await asyncio.sleep(0.05)


async def one_sender(number, urls, state, book):
    dice = random.Random(SEED * 31 + number)
    serial = 0
    loop = asyncio.get_running_loop()
    while not state["stop_sending"]:
        if book.behind() > BEHIND_MAX:
            await asyncio.sleep(0.01)
            continue
        await asyncio.sleep(state["rest_s"])
        serial += 1
        kind = dice.choice(["plain", "plain", "replace", "short"])
        sender_id = f"s{number}-{dice.randrange(3)}" if kind == "replace" else None
        text = f"{number}#{serial}"
        now_ms = int(time.time() * 1000)
        body = {"message": text, "timestamp": now_ms, "priority": dice.choice([1, 2, 3])}
        if sender_id:
            body["id"] = sender_id
        if kind == "short":
            body["ttl"] = 1
        book.posted(text, sender_id)
        try:
            answer = await loop.run_in_executor(None, lambda: herald.post_json(urls[number % len(urls)], body))
        except (OSError, herald.http.client.HTTPException) as error:
            book.unanswered.append(repr(error))
            await asyncio.sleep(0.02)
            continue
        if answer.status == 200:
            book.accept(text, sender_id, now_ms / 1000 + 1 if kind == "short" else None)
        else:
            assert answer.status == 503, answer
            book.refused.append(repr(answer))


async def under_load(server, rounds, fault, pause_s=(0.05, 0.7), settle_s=SETTLE_SECONDS, sender_rests_s=0, messages=0):
    """Devices and senders at work while fault(dice) is called `rounds` times, off this thread; then all must arrive. The faults are
    spread over so many accepted messages, if any are asked for."""
    dice = random.Random(SEED)
    state = {"over": False, "settling": False, "stop_sending": False, "rest_s": sender_rests_s}
    lag = Lag()
    book = Book(lag)
    tokens = [herald.token(server) for _ in range(DEVICES)]
    urls = set()
    for uatoken in tokens:
        device = herald.Device(server, uatoken)
        await device.open(register=False)
        for app in ("crash-a", "crash-b"):
            urls.add(await device.register_wa(app))
        await device.close()
    urls = sorted(urls)
    devices = [asyncio.create_task(one_device(n, server, state, t, book)) for n, t in enumerate(tokens)]
    senders = [asyncio.create_task(one_sender(n, urls, state, book)) for n in range(SENDERS)]
    loop = asyncio.get_running_loop()
    try:
        for number in range(1, rounds + 1):
            await asyncio.sleep(dice.uniform(*pause_s))
            await loop.run_in_executor(None, fault, dice)
            while len(book.accepted) < messages * number // rounds:
                failed = [task for task in (*devices, *senders) if task.done()]
                assert not failed, failed
                await asyncio.sleep(0.01)
    except BaseException:
        state["over"] = True
        print(f"seed {SEED}")
        raise
    finally:
        state["stop_sending"] = True
    await asyncio.gather(*senders)
    state["settling"] = True
    deadline = time.monotonic() + settle_s
    while book.missing(range(DEVICES)) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    state["over"] = True
    await asyncio.gather(*devices)
    await lag.stop()
    missing = book.missing(range(DEVICES))
    repeats = sum(n - 1 for n in book.count.values())
    print(f"seed {SEED}: {rounds} faults, {len(book.accepted)} accepted, {sum(book.count.values())} deliveries, {repeats} repeats")
    by_device = collections.Counter(device for device, _ in missing)
    assert not book.faults, f"seed {SEED}: {book.faults[:10]}"
    assert not missing, f"seed {SEED}: {len(missing)} lost (by device {dict(by_device)}), such as {missing[:10]}"
    assert len(book.accepted) > rounds, f"seed {SEED}: hardly any load"
    return book


def test_kill_9_loses_nothing(tmp_path):
    server = herald.Server(tmp_path, "--limits-sweep-interval-ms", "500", "--limits-sweep-age-ms", "1000").start()
    asyncio.run(under_load(server, ROUNDS, lambda dice: server.restart()))
    server.stop()
