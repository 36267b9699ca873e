"""A wire between Herald and a database that fails as a test says. It reads MongoDB's messages: it can pose as the members of a replica
set, lower what the server allows, answer in its place, change its replies, break connections and be slow.
Source: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/"""

import asyncio
import collections
import dataclasses
import struct
import threading

import bson
from loop_server import BACKLOG, LoopServer

REPLY, QUERY, MESSAGE = 1, 2004, 2013
HEADER = 16
SEQUENCE = 1
SET = "rs0"
HELLO = {"hello", "isMaster", "ismaster"}
WRITES = {"insert", "update", "delete", "findAndModify", "createIndexes", "collMod", "create", "drop", "dropDatabase"}
READS = {"find", "aggregate", "count", "getMore", "listIndexes"}
NOT_PRIMARY = {"ok": 0.0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "not primary"}
NOT_PRIMARY_READ = {"ok": 0.0, "code": 13435, "codeName": "NotPrimaryNoSecondaryOk", "errmsg": "not primary and secondaryOk=false"}


def concern_error(code=64, name="WriteConcernFailed", message="waiting for replication timed out"):
    """The field of a reply that says: the majority has not confirmed what the primary did."""
    return {"writeConcernError": {"code": code, "codeName": name, "errmsg": message}}


def failure(code, name="", *labels):
    """A reply that says no."""
    reply = {"ok": 0.0, "code": code, "codeName": name, "errmsg": f"injected {name or code}"}
    return reply | ({"errorLabels": list(labels)} if labels else {})


class Message:
    """One whole message of the protocol: a command or a reply."""

    def __init__(self, data):
        self.data = data
        self.opcode = struct.unpack_from("<i", data, 12)[0]

    def number(self, at):
        return struct.unpack_from("<i", self.data, at)[0]

    def body_at(self):
        if self.opcode == REPLY:
            return HEADER + 20
        if self.opcode == QUERY:
            return self.data.index(b"\0", HEADER + 4) + 1 + 8
        assert self.opcode == MESSAGE, f"opcode {self.opcode}"
        return HEADER + 5

    def body(self):
        at = self.body_at()
        return bson.decode(self.data[at:at + self.number(at)])

    def documents(self):
        """How many documents it carries beside its body: what a bulk writes."""
        at = self.body_at()
        at += self.number(at)
        count = 0
        while self.opcode == MESSAGE and at < len(self.data) and self.data[at] == SEQUENCE:
            end = at + 1 + self.number(at + 1)
            at = self.data.index(b"\0", at + 5) + 1
            while at < end:
                at += self.number(at)
                count += 1
        return count

    def with_body(self, body):
        """The same message with another body and nothing beside it."""
        data = self.data[:self.body_at()] + bson.encode(body)
        return Message(struct.pack("<i", len(data)) + data[4:])

    def answer(self, body):
        """A reply to it."""
        head = struct.pack("<iiii", 0, 0, self.number(4), REPLY if self.opcode == QUERY else MESSAGE)
        rest = struct.pack("<iqii", 0, 0, 0, 1) if self.opcode == QUERY else bytes(5)
        return Message(head + rest).with_body(body)


@dataclasses.dataclass
class Command:
    name: str
    collection: str
    documents: int  # that it writes
    body: dict


@dataclasses.dataclass
class Fault:
    """What becomes of the commands of a name, after `skip` of them and for `times`; None: for ever. Empty names stand for any."""

    do: str  # one of FaultyWire's methods named do_...
    command: str = ""
    collection: str = ""
    skip: int = 0
    times: int | None = 1
    document: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0
    where: object = None  # asked with the command's body, if given
    hits: int = 0

    def takes(self, command):
        if self.command not in ("", command.name) or self.collection not in ("", command.collection):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.where and not self.where(command.body):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


class Broken(Exception):
    """The connection is to end."""


class FaultyWire(LoopServer):
    """Stands in front of a server of a database (host, port). With `members` it poses as a replica set of so many, each with an address
    of its own; the first is the primary. `hello` has fields that the server is to say of itself, as {"maxWriteBatchSize": 2}."""

    def __init__(self, target, members=0, hello=None):
        super().__init__()
        self.target = target
        self.in_set = members > 0
        self.ports = [0] * max(1, members)
        self.hello = dict(hello or {})
        self.primary = 0  # None: there is none
        self.election = 1
        self.faults = []
        self.seen = collections.deque(maxlen=100_000)
        self.open = set()  # connections of each member: (member, writer)
        self.released = threading.Event()
        self.held = threading.Event()
        self.others = []

    # ---- for tests, on any thread

    def start(self):
        self.thread.start()
        for member in range(len(self.ports)):
            listening = asyncio.start_server(lambda r, w, m=member: self.serve_member(m, r, w), "127.0.0.1", 0, backlog=BACKLOG)
            server = asyncio.run_coroutine_threadsafe(listening, self.loop).result(60)
            self.ports[member] = server.sockets[0].getsockname()[1]
            self.others, self.server = [*self.others, server], server
        return self

    def stop(self):
        self.release()
        for server in self.others:
            self.loop.call_soon_threadsafe(server.close)
        super().stop()

    @property
    def uri(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"mongodb://{hosts}/" + (f"?replicaSet={SET}" if self.in_set else "")

    def inject(self, do, command="", **more):
        fault = Fault(do, command, **more)
        self.faults.append(fault)
        return fault

    def heal(self):
        """No fault any more, and a primary."""
        self.faults.clear()
        self.release()
        if self.primary is None:
            self.elect()

    def commands(self, name, collection=""):
        return [it for it in list(self.seen) if it.name == name and collection in ("", it.collection)]

    def release(self):
        """Lets go what a fault "hold" keeps."""
        self.released.set()

    def elect(self, member=None):
        """Makes this member the primary, or the next one."""
        self.primary = (self.election if member is None else member) % len(self.ports)
        self.election += 1

    def break_connections(self):
        def end():
            for _, writer in list(self.open):
                writer.transport.abort()

        self.loop.call_soon_threadsafe(end)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # ---- on the loop

    async def serve_member(self, member, reader, writer):
        mine = (member, writer)
        self.open.add(mine)
        there = None
        try:
            there_reader, there = await asyncio.open_connection(*self.target, limit=1 << 26)
            while True:
                reply = await self.carry_out(member, await self.read(reader), there_reader, there)
                writer.write(reply.data)
                await writer.drain()
        except (OSError, Broken, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open.discard(mine)
            for end in filter(None, (writer, there)):
                end.transport.abort()

    @staticmethod
    async def read(reader):
        head = await reader.readexactly(4)
        return Message(head + await reader.readexactly(struct.unpack("<i", head)[0] - 4))

    async def carry_out(self, member, request, reader, writer):
        async def forward():
            writer.write(request.data)
            await writer.drain()
            return await self.read(reader)

        body = request.body()
        name, value = next(iter(body.items()))
        if name in HELLO:
            return self.posing(member, await forward())
        command = Command(name, value if isinstance(value, str) else "", request.documents(), body)
        self.seen.append(command)
        if refused := self.refusal(member, command):
            return request.answer(refused)
        fault = next((it for it in list(self.faults) if it.takes(command)), None)
        if not fault:
            return await forward()
        return await getattr(self, "do_" + fault.do)(fault, request, forward, command)

    def posing(self, member, reply):
        body = {key: value for key, value in reply.body().items() if key not in ("topologyVersion", "compression")} | self.hello
        if self.in_set:
            hosts = [f"127.0.0.1:{port}" for port in self.ports]
            leads = member == self.primary
            body |= {"setName": SET, "setVersion": 1, "hosts": hosts, "me": hosts[member], "ismaster": leads,
                     "isWritablePrimary": leads, "secondary": not leads}
            if self.primary is not None:
                body["primary"] = hosts[self.primary]
            if leads:
                body["electionId"] = bson.ObjectId(f"{self.election:024x}")
        return reply.with_body(body)

    def refusal(self, member, command):
        if not self.in_set or member == self.primary:
            return None
        if command.name in WRITES:
            return NOT_PRIMARY
        wants_primary = command.body.get("$readPreference", {}).get("mode", "primary") == "primary"
        return NOT_PRIMARY_READ if command.name in READS and wants_primary else None

    # ---- what a fault does

    async def do_kill_before(self, fault, request, forward, command):
        raise Broken

    async def do_lose_reply(self, fault, request, forward, command):
        await forward()
        raise Broken

    async def do_answer(self, fault, request, forward, command):
        return request.answer(fault.document)

    async def do_amend(self, fault, request, forward, command):
        reply = await forward()
        return reply.with_body(reply.body() | fault.document)

    async def do_carry_out_and_answer(self, fault, request, forward, command):
        await forward()
        return request.answer(fault.document)

    async def do_stall_majority(self, fault, request, forward, command):
        """As a primary whose secondaries do not follow: it waits for the write concern's time, then says so."""
        reply = await forward()
        await asyncio.sleep(command.body["writeConcern"]["wtimeout"] / 1000)
        return reply.with_body(reply.body() | concern_error())

    async def do_delay(self, fault, request, forward, command):
        await asyncio.sleep(fault.seconds)
        return await forward()

    async def do_late_reply(self, fault, request, forward, command):
        reply = await forward()
        await asyncio.sleep(fault.seconds)
        return reply

    async def do_hold(self, fault, request, forward, command):
        self.held.set()
        while not self.released.is_set():
            await asyncio.sleep(0.01)
        return await forward()

    async def do_step_down(self, fault, request, forward, command):
        """Before the command; another leads at once."""
        self.elect()
        return request.answer(NOT_PRIMARY)

    async def do_step_down_within(self, fault, request, forward, command):
        """After it was carried out, and before the majority had it."""
        await forward()
        self.elect()
        return request.answer(failure(11602, "InterruptedDueToReplStateChange"))

    async def do_lead_nobody(self, fault, request, forward, command):
        """There is no primary for a while."""
        self.primary = None
        self.loop.call_later(fault.seconds, lambda: self.primary is None and self.elect())
        return request.answer(NOT_PRIMARY)


