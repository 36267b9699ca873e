"""Real brokers for tests, on free loopback ports: ActiveMQ Classic and ActiveMQ Artemis as published in Maven Central, and
Debian's RabbitMQ.

In pytest:  with broker.Broker("artemis", folder) as one: ... one.url, one.queues(), one.kill(), one.start()
As a wrapper of a test program (see Control):  broker.py classic [--count 2] -- PROGRAM ARGUMENT...
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import download
import rabbitmq
from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build" / "brokers"
TEMPLATES = pathlib.Path(__file__).resolve().parent / "broker"
VERSIONS = {"classic": "apache-activemq:5.18.3", "artemis": "apache-artemis:2.40.0"}
KINDS = (*VERSIONS, "rabbitmq")
START_SECONDS = 240
# Artemis' module that takes everyone.
GUEST = """  org.apache.activemq.artemis.spi.core.security.jaas.GuestLoginModule sufficient
    org.apache.activemq.jaas.guest.user="guest"
    org.apache.activemq.jaas.guest.role="users";"""
STORE_PASSWORD = "store"
TLS = {
    "classic": '<sslContext><sslContext keyStore="file:{store}" keyStorePassword="{password}"/></sslContext>',
    "artemis": ";sslEnabled=true;keyStorePath={store};keyStorePassword={password};keyStoreType=PKCS12",
}
# RabbitMQ reads PEM.
TLS_LISTENER = """listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_none"""
USER, PASSWORD = "herald", "a secret of the test's own"


def run_maven(what, *arguments):
    maven = shutil.which("mvn")
    assert maven, "mvn is missing: ./test installs it (scripts/packages.txt)"
    # -U: what an attempt before could not find is looked for again.
    download.run([maven, "-q", "-B", "-U", *arguments], f"{what} from Maven Central")


def home(kind):
    """The folder of the unpacked broker; gets it if it is not there."""
    artifact, version = VERSIONS[kind].split(":")
    folder = UNPACKED / f"{artifact}-{version}"
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with open(UNPACKED / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "unpacked").exists():
            return folder
        coordinates = f"org.apache.activemq:{artifact}:{version}:tar.gz:bin"
        run_maven(artifact, "dependency:get", f"-Dartifact={coordinates}", "-Dtransitive=false")
        run_maven(artifact, "dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={UNPACKED}")
        archive = UNPACKED / f"{artifact}-{version}-bin.tar.gz"
        with tarfile.open(archive) as tar:
            tar.extractall(UNPACKED)
        archive.unlink()
        (folder / "unpacked").touch()
    return folder


class Broker:
    """One broker. Its ports and settings stay the same when it is started again; what it held does not."""

    def __init__(self, kind, folder, login=False, tls=None):
        """`tls`: certificate and key in PEM; it then speaks nothing else, and its certificate must name localhost."""
        self.kind = kind
        self.folder = pathlib.Path(folder)
        self.login = login
        self.tls = tls
        self.port = free_port()
        self.process = None
        self.node = rabbitmq.Node(self.folder) if kind == "rabbitmq" else None
        self.log_path = self.folder / "broker.log"
        self.start_seconds = 0

    @property
    def url(self):
        return f"amqps://localhost:{self.port}" if self.tls else f"amqp://127.0.0.1:{self.port}"

    def make_key_store(self):
        """What Java reads keys from."""
        certificate, key = self.tls
        store = self.folder / "etc" / "broker.p12"
        subprocess.run(["openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", store,
                        "-passout", f"pass:{STORE_PASSWORD}"], check=True, capture_output=True)
        return store

    def fill_templates(self):
        etc = self.folder / "etc"
        etc.mkdir(parents=True, exist_ok=True)
        values = {"@PORT@": str(self.port), "@FOLDER@": str(self.folder), "@USER@": USER, "@PASSWORD@": PASSWORD}
        values |= {"@ANONYMOUS@": str(not self.login).lower(), "@LOGIN_FLAG@": "required", "@GUEST@": ""}
        values |= {"@SCHEME@": "amqp", "@TLS@": "", "@ANONYMOUS_USER@": "none" if self.login else USER}
        values |= {"@LISTENER@": f"listeners.tcp.1 = 127.0.0.1:{self.port}"}
        if self.tls and self.node:
            certificate, key = self.tls
            values |= {"@LISTENER@": TLS_LISTENER.format(port=self.port, certificate=certificate, key=key)}
        elif self.tls:
            store = self.make_key_store()
            values |= {"@SCHEME@": "amqp+ssl", "@TLS@": TLS[self.kind].format(store=store, password=STORE_PASSWORD)}
        if not self.login:
            values |= {"@LOGIN_FLAG@": "sufficient", "@GUEST@": GUEST}
        for template in (TEMPLATES / self.kind).iterdir():
            text = template.read_text()
            for key, value in values.items():
                text = text.replace(key, value)
            (etc / template.name).write_text(text)

    def command(self):
        if self.node:
            return self.node.command()
        at, etc = home(self.kind), self.folder / "etc"
        java = ["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        java += [f"-Djava.io.tmpdir={self.folder}", f"-Dlog4j2.configurationFile=file:{etc}/log4j2.properties"]
        if self.kind == "classic":
            java += [f"-Dactivemq.home={at}", f"-Dactivemq.base={self.folder}", f"-Dactivemq.conf={etc}"]
            java += [f"-Djava.security.auth.login.config={etc}/login.config"]
            return [*java, "-jar", f"{at}/bin/activemq.jar", "start", f"xbean:file:{etc}/activemq.xml"]
        java += [f"-Dartemis.home={at}", f"-Dartemis.instance={self.folder}", f"-Dartemis.instance.etc={etc}"]
        java += [f"-Djava.security.auth.login.config={etc}/login.config", f"-Ddata.dir={self.folder}/data"]
        java += ["-cp", f"{at}/lib/artemis-boot.jar", "org.apache.activemq.artemis.boot.Artemis"]
        return [*java, "run"]

    def start(self):
        began = time.monotonic()
        self.fill_templates()
        # An earlier process may have left its lock.
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        with open(self.log_path, "ab") as log:
            if self.node:
                self.node.start_epmd(log)
            environment = self.node.environment() if self.node else None
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                            env=environment)
        while not self.is_listening():
            assert self.process.poll() is None, f"{self.kind} did not start:\n{self.log()[-4000:]}"
            assert time.monotonic() - began < START_SECONDS, f"{self.kind} starts too slowly:\n{self.log()[-4000:]}"
            time.sleep(0.05)
        self.start_seconds = time.monotonic() - began
        return self

    def is_listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        """kill -9: what it held is gone."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        if self.node:
            self.node.stop_epmd()

    def freeze(self):
        """It keeps its connections and says nothing, as behind a cut wire."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        self.kill()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def connection(self):
        """An AMQP client that is not ours, to look into the broker."""
        from proton.utils import BlockingConnection

        more = {"user": USER, "password": PASSWORD, "allow_insecure_mechs": True} if self.login else {}
        if self.tls:
            from proton import SSLDomain

            more["ssl_domain"] = SSLDomain(SSLDomain.MODE_CLIENT)
            more["ssl_domain"].set_peer_authentication(SSLDomain.ANONYMOUS_PEER)  # it is Herald that must check
        return BlockingConnection(self.url, timeout=120, **more)

    def queues(self):
        """By name, what the broker itself says of its queues: {"WS1": {"messages": 0, "consumers": 1}}."""
        if self.node:
            return self.node.queues()
        with contextlib.closing(self.connection()) as connection:
            found = (classic_queues if self.kind == "classic" else artemis_queues)(connection)
        hidden = ("ActiveMQ.", "activemq.", "$sys", "ID:", "DLQ", "ExpiryQueue")
        return {name: state for name, state in found.items() if not name.startswith(hidden)}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


def ask(connection, address, message):
    from proton import Message

    receiver = connection.create_receiver(None, dynamic=True)
    message.reply_to = receiver.link.remote_source.address
    sender = connection.create_sender(address)
    sender.send(message if isinstance(message, Message) else Message(message))
    return receiver


def classic_queues(connection):
    """The answers of statisticsBrokerPlugin, one for each queue and then an empty one."""
    from proton import Message

    query = Message(properties={"ActiveMQ.Statistics.Destination.List.End.With.Null": True}, body="")
    receiver = ask(connection, "ActiveMQ.Statistics.Destination.>", query)
    queues = {}
    while True:
        answer = receiver.receive(timeout=120).body
        receiver.accept()
        if not isinstance(answer, dict) or "destinationName" not in answer:
            return queues
        name = answer["destinationName"].removeprefix("queue://")
        queues[name] = {"messages": answer["size"], "consumers": answer["consumerCount"]}


def artemis_queues(connection):
    from proton import Message

    query = Message(
        properties={"_AMQ_ResourceName": "broker", "_AMQ_OperationName": "listQueues"},
        body=json.dumps(['{"field":"","operation":"","value":""}', 1, 1000]),
    )
    receiver = ask(connection, "activemq.management", query)
    answer = receiver.receive(timeout=120)
    receiver.accept()
    assert answer.properties["_AMQ_OperationSucceeded"], answer.body
    rows = json.loads(json.loads(answer.body)[0])["data"]
    return {
        row["name"]: {"messages": int(row["messageCount"]), "consumers": int(row["consumerCount"])}
        for row in rows
        if str(row["temporary"]).lower() != "true"
    }


class Control(socketserver.StreamRequestHandler):
    """What a test program may ask over HERALD_TEST_BROKER_CONTROL (a port), a line each: "start N", "kill N",
    "freeze N", "thaw N" and "queues N" for the Nth of HERALD_TEST_BROKER_PORTS. Answers a line: "ok", or the queues as "name messages consumers,…",
    or what went wrong."""

    def handle(self):
        for line in self.rfile:
            verb, number = line.decode().split()
            try:
                answer = self.carry_out(verb, self.server.brokers[int(number)])
            except Exception as error:  # the program shows it as its failure
                answer = "failed: " + repr(error).replace("\n", " ")
            self.wfile.write((answer + "\n").encode())

    def carry_out(self, verb, broker):
        if verb == "queues":
            found = sorted(broker.queues().items())
            return ",".join(f"{name} {state['messages']} {state['consumers']}" for name, state in found)
        {"start": broker.start, "kill": broker.kill, "freeze": broker.freeze, "thaw": broker.thaw}[verb]()
        return "ok"


def main():
    parser = argparse.ArgumentParser(description="Runs a program beside a broker that it may kill and start again.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--count", type=int, default=2, help="brokers the program may start; the first one runs")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="herald-broker-") as folder, contextlib.ExitStack() as stack:
        brokers = [Broker(arguments.kind, f"{folder}/{i}") for i in range(arguments.count)]
        for broker in brokers:
            stack.callback(broker.kill)
        brokers[0].start()
        print(f"{arguments.kind} started in {brokers[0].start_seconds:.1f} s", flush=True)
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Control)
        server.daemon_threads = True
        server.brokers = brokers
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = os.environ | {
            "HERALD_TEST_BROKER_KIND": arguments.kind,
            "HERALD_TEST_BROKER_PORTS": " ".join(str(broker.port) for broker in brokers),
            "HERALD_TEST_BROKER_CONTROL": str(server.server_address[1]),
            "HERALD_TEST_BROKER_PID": str(brokers[0].process.pid),
        }
        code = subprocess.run(arguments.command, env=environment).returncode
        if code != 0:
            print(brokers[0].log()[-2000:], file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
