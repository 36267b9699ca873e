"""Receipt subscriptions as server-sent events, read byte by byte over a bare socket while messages end."""

import json
import signal
import socket
import time
import urllib.parse

import pytest

import herald
from herald import RawConnection, eventually, metric, request
from test_webpush_http import Agent, push


class EventStream:
    """One GET with Accept: text/event-stream. Chunks are taken apart by hand."""

    def __init__(self, link, last_id=None, version="1.1"):
        parts = urllib.parse.urlsplit(link)
        self.raw = RawConnection(f"{parts.scheme}://{parts.netloc}")
        head = f"GET {parts.path} HTTP/{version}\r\nHost: x\r\nAccept: text/event-stream\r\n"
        if last_id:
            head += f"Last-Event-ID: {last_id}\r\n"
        self.raw.send(head + "\r\n")
        lines = self.raw.read_until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.text, self.last_id, self.over = b"", last_id, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.__exit__()

    def part(self):
        if not self.chunked:
            return self.raw.read_exactly(1)
        size = int(self.raw.read_until(b"\r\n"), 16)
        data = self.raw.read_exactly(size + 2)
        assert data.endswith(b"\r\n")
        return data[:-2]

    def block(self):
        """What comes before the next empty line; None at the end of the stream."""
        while b"\n\n" not in self.text:
            more = self.part()
            if not more:
                return None
            self.text += more
        block, _, self.text = self.text.partition(b"\n\n")
        return block.decode()

    def event(self):
        """(name, row) of the next event; comments are skipped."""
        while (block := self.block()) == ":":
            pass
        if block is None:
            return None
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        self.last_id = fields.get("id", self.last_id)
        return fields["event"], json.loads(fields["data"])

    def events(self, count):
        """The events' names by location."""
        told = [self.event() for _ in range(count)]
        return {row["location"]: name for name, row in told}

    def nothing(self, seconds=1.2):
        """Nothing but comments for so long."""
        self.raw.socket.settimeout(seconds)
        try:
            event = self.event()
        except (TimeoutError, socket.timeout):
            return
        finally:
            self.raw.socket.settimeout(herald.WAIT_SECONDS)
        raise AssertionError(event)


def send(endpoint, link=None, **headers):
    """Sends a message with a receipt; its location, and the receipt subscription."""
    extra = {"Link": f'<{link}>; rel="urn:ietf:params:push:receipt"'} if link else {}
    answer = push(endpoint, b"x", Prefer="respond-async", **extra, **headers)
    assert answer.status == 202, answer
    return answer.headers["Location"], answer.headers["Link"].split(">")[0][1:]


async def test_events_come_as_messages_end(plain_server):
    async with Agent(plain_server) as agent:
        _, endpoint = await agent.subscribe()
        one, link = send(endpoint)
        await agent.notification()
        eventually(lambda: request("GET", link).json["messages"][0]["status"] == 204, "the ack is known")
        _, asleep = await agent.subscribe()
    # Nobody is connected: these wait.
    two, _ = send(asleep, link, Topic="t")
    with EventStream(link) as stream:
        assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store" and stream.headers["connection"] == "close"
        assert stream.events(2) == {one: "delivered", two: "pending"}
        three, _ = send(asleep, link, Topic="t")
        assert stream.events(1) == {two: "replaced"}
        short, _ = send(asleep, link, ttl="1")
        name, row = stream.event()
        assert (name, row["location"], row["status"]) == ("expired", short, 410)
        four, _ = send(asleep, link)
        assert request("DELETE", four).status == 204
        assert stream.events(1) == {four: "cancelled"}
        async with Agent(plain_server, agent.uaid) as again:
            await again.notification()
            name, row = stream.event()
            assert (name, row["location"], row["status"]) == ("delivered", three, 204)
        assert row["endedAt"] >= row["acceptedAt"]
        stream.nothing()
        # Without that Accept it is the list, as before.
        rows = request("GET", link, headers={"Accept": "*/*"}).json["messages"]
        assert [row["state"] for row in rows] == ["acked", "replaced", "acked", "expired", "cancelled"]
        assert request("DELETE", link).status == 204
        assert stream.event() is None
        assert stream.raw.at_end()
    with EventStream(link, stream.last_id) as gone:
        assert gone.status == 404


async def test_a_reader_comes_back_after_kill_9_and_misses_nothing(own_server):
    server = own_server()
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
        told, link = send(endpoint)
        await agent.notification()
        stream = EventStream(link)
        first = stream.events(1)
        if first != {told: "delivered"}:
            assert first == {told: "pending"} and stream.events(1) == {told: "delivered"}
    waits = [send(endpoint, link, Topic=f"t{n}")[0] for n in range(5)]
    # The last two are replaced: one is told of before the server is killed, the other is not.
    send(endpoint, link, Topic="t3")
    assert stream.events(1) == {waits[3]: "replaced"}
    server.kill()
    with stream, pytest.raises((EOFError, ConnectionError)):
        stream.event()  # what broke off does not look complete
    server.start()
    push(endpoint, Topic="t4")
    async with Agent(server, agent.uaid) as again:
        for _ in range(5):
            await again.notification()
        expected = {waits[4]: "replaced", **{each: "delivered" for each in waits[:3]}}
        with EventStream(link, stream.last_id) as second:
            told_again = second.events(5)
            assert {each: told_again.get(each) for each in expected} == expected
            assert told not in told_again and waits[3] not in told_again, "what was told is not told again"
            assert list(told_again.values()).count("delivered") == 4
            second.nothing()
        with EventStream(link, second.last_id) as third:
            third.nothing()
        with EventStream(link, "nonsense") as refused:
            assert refused.status == 400


async def test_keep_alives_and_the_end_at_a_drain(own_server):
    server = own_server("--limits-receipt-stream-keepalive-ms", "300")
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
    location, link = send(endpoint)
    begin = time.monotonic()
    with EventStream(link) as stream, EventStream(link, version="1.0") as old:
        assert not old.chunked
        assert stream.events(1) == old.events(1) == {location: "pending"}
        assert [stream.block() for _ in range(3)] == [":"] * 3
        assert time.monotonic() - begin > 0.8
        assert old.block() == ":"
        server.signal(signal.SIGTERM)
        assert stream.event() is None
        assert stream.raw.at_end()
        with pytest.raises(EOFError):
            old.event()
    assert server.wait() == 0


async def test_too_many_streams_are_refused_until_one_is_gone(own_server):
    server = own_server("--limits-receipt-streams-per-process", "2")
    async with Agent(server) as agent:
        _, endpoint = await agent.subscribe()
    location, link = send(endpoint)
    with EventStream(link) as one:
        with EventStream(link) as two:
            assert one.events(1) == two.events(1) == {location: "pending"}
            with EventStream(link) as refused:
                assert refused.status == 503 and int(refused.headers["retry-after"]) > 0
            assert metric(server, "herald_receipt_streams") == 2
        # A reader that closes is noticed at once, not at the next comment.
        eventually(lambda: metric(server, "herald_receipt_streams") == 1, "one has gone")
        with EventStream(link) as three:
            assert three.events(1) == {location: "pending"}
