"""Herald as separate processes on loopback: a database, a broker, each role as a process of its own, and one address for
all of them. Behind the interface of herald.Server where a test does not look at one process. deploy/try-cluster is the
command line of it."""

import base64
import concurrent.futures
import contextlib
import datetime
import os
import pathlib
import signal
import time

import broker as brokers
import database as databases
import gateway
import herald
import relay
from ports import free_port

# What a member holds, by how it is called.
ROLES = {"WS": "user_agent_ws", "UDP": "user_agent_udp", "app": "app_server", "monitor": "monitor",
         "manager": "delivery_manager"}
# A dead process is noticed fast enough for a test to wait for it.
LEASE_S = 4
QUICK = ["--limits-lease-ms", str(LEASE_S * 1000), "--limits-lease-renew-ms", "800", "--limits-sweep-interval-ms", "500",
         "--limits-sweep-age-ms", "1500"]


class Cancelled(Exception):
    """Told to end while starting."""


class Member(herald.Server):
    """One process of a cluster: WS1, UDP1, app1, monitor1, manager1."""

    def __init__(self, cluster, name, flags, environment=None):
        super().__init__(cluster.folder / name, environment=environment, listen=(f"127.0.0.1:{free_port()}",))
        self.cluster, self.name, self.role = cluster, name, ROLES[name.rstrip("0123456789")]
        self.own_flags = list(flags)
        self.relays = {}

    def command(self):
        c = self.cluster
        self.flags = ["--roles", self.role, "--store", "mongodb", "--mongodb-uri", self.uri(), "--queue", "amqp",
                      "--brokers", self.broker_url(), "--token-key-file", str(c.key_file), "--public-url", c.url, *self.own_flags]
        if self.role == "user_agent_ws":
            self.flags += ["--server-id", self.name]
        if self.role == "user_agent_udp":
            self.flags += ["--udp-server-id", self.name]
        return super().command()

    def uri(self):
        at = self.cluster.database.uri
        if "database" in self.relays:
            host, port = self.cluster.database.host
            at = at.replace(f"{host}:{port}", f"127.0.0.1:{self.relays['database'].port}")
        return at

    def broker_url(self):
        if "broker" in self.relays:
            return f"amqp://127.0.0.1:{self.relays['broker'].port}"
        return self.cluster.broker.url

    def put_relay(self, between):
        """What goes to the database or to the broker can be cut from now on; before start()."""
        c = self.cluster
        target = c.database.host if between == "database" else ("127.0.0.1", c.broker.port)
        self.relays[between] = relay.Relay(target).start()
        return self.relays[between]

    def health(self):
        try:
            answer = herald.get(self.operations + "/status")
            return answer.json
        except OSError as error:
            return {"status": f"no answer: {error}"}

    def alive(self):
        return self.process is not None and self.process.poll() is None


class At:
    """One process of a cluster, for a device that must be there."""

    def __init__(self, member):
        self.url, self.context = member.url, None
        self.ws = self.url.replace("http", "ws", 1) + "/"


class Cluster:
    def __init__(self, folder, *flags, front_ends=2, app_servers=1, wakers=1, monitors=1, managers=1, broker="classic",
                 context=None, port=0, timeout_ms=10000, cancelled=lambda: False, database=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # FerretDB is slow when everything shares two processors.
        self.flags = [*flags, "--limits-mongodb-timeout-ms", str(timeout_ms)]
        self.context, self.cancelled = context, cancelled
        self.database = databases.Database(self.folder, kind=database)
        self.broker = brokers.Broker(broker, self.folder / "broker")
        self.database_name = "herald"
        self.relayed = []  # names of members that reach the others through relays
        self.key_file = self.folder / "token.keys"
        self.gateway = gateway.Gateway(self.targets, port)
        counts = {"WS": front_ends, "UDP": wakers, "app": app_servers, "monitor": monitors, "manager": managers}
        self.members = {}
        for kind, count in counts.items():
            for number in range(1, count + 1):
                self.add(f"{kind}{number}")

    def member(self, name, *flags):
        """One more process, that the cluster does not know of."""
        return Member(self, name, [*self.flags, *flags])

    def add(self, name, *flags):
        self.members[name] = self.member(name, *flags)

    def __getitem__(self, name):
        return self.members[name]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.gateway.port}"

    @property
    def ws(self):
        return self.url.replace("http", "ws", 1) + "/"

    @property
    def operations(self):
        return self.members["WS1"].operations

    def targets(self):
        """Where the servers of each role listen, whether or not they live just now: somebody may have started one by hand."""
        found = {}
        for member in self.members.values():
            if getattr(member, "url", None):
                host, port = member.url.rsplit("/", 1)[1].rsplit(":", 1)
                found.setdefault(member.role, []).append((host, int(port)))
        return found

    def start(self):
        self.key_file.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
        self.key_file.chmod(0o600)
        self.gateway.start()
        try:
            self.in_parallel([self.database.start, self.broker.start])
            for name in self.relayed:
                for part in ("database", "broker"):
                    self[name].put_relay(part)
            self.go_on()
            # One first, alone: it makes the collections.
            first, *others = self.members.values()
            first.start()
            self.go_on()
            self.in_parallel([member.start for member in others])
            self.go_on()
        except BaseException:
            self.kill()
            raise
        return self

    def go_on(self):
        if self.cancelled():
            raise Cancelled()

    @staticmethod
    def in_parallel(calls):
        with concurrent.futures.ThreadPoolExecutor(max(1, len(calls))) as pool:
            for done in [pool.submit(call) for call in calls]:
                done.result()

    def revive(self):
        """Starts whatever is not running."""
        calls = [member.start for member in self.members.values() if not member.alive()]
        if self.database.process is None or self.database.process.poll() is not None:
            calls.append(self.database.start)
        if self.broker.process is None or self.broker.process.poll() is not None:
            calls.append(self.broker.start)
        self.in_parallel(calls)

    @contextlib.contextmanager
    def documents(self):
        """The database, read by a client that is not ours."""
        import pymongo

        with pymongo.MongoClient(self.database.uri, serverSelectionTimeoutMS=5000, tz_aware=True) as client:
            yield client[self.database_name]

    def collections(self):
        """By name, how many documents each collection has."""
        with self.documents() as database:
            return {name: database[name].count_documents({}) for name in database.list_collection_names()}

    def lease_lapsed(self, server):
        with self.documents() as database:
            return database["servers"].find_one({"_id": server})["until"] < datetime.datetime.now(datetime.timezone.utc)

    def processes(self):
        """(name, process id, address, log) of everything that was started."""
        if self.database.process:
            yield "database", self.database.process.pid, self.database.uri, self.folder / "database.log"
        if self.broker.process:
            yield "broker", self.broker.process.pid, self.broker.url, self.broker.log_path
        for member in self.members.values():
            if member.process:
                where = " ".join(filter(None, [getattr(member, "url", None), getattr(member, "operations", None)]))
                yield member.name, member.process.pid, where, member.log_path

    def stop(self):
        """Politely, front ends first: each exit code must be 0."""
        try:
            self.in_parallel([member.stop for member in self.members.values() if member.alive()])
        finally:
            self.kill()

    def kill(self):
        for member in self.members.values():
            member.kill()
            while member.relays:
                member.relays.popitem()[1].stop()
        self.broker.kill()
        self.database.kill(signal.SIGKILL)
        if self.gateway.thread.is_alive():
            self.gateway.stop()

    def log(self):
        return "\n".join(f"== {member.name}\n{member.log()}" for member in self.members.values())

    def healthy(self):
        return all(member.health().get("status") == "ok" for member in self.members.values() if member.alive())

    def wait_healthy(self, seconds=2 * herald.WAIT_SECONDS):
        deadline = time.monotonic() + seconds
        while not self.healthy():
            states = {name: member.health() for name, member in self.members.items()}
            assert time.monotonic() < deadline, f"not healthy in {seconds} s: {states}"
            time.sleep(0.1)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()
