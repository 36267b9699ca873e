"""Starts the built server and speaks to it with clients that are not ours: http.client, raw sockets, websockets."""

import asyncio
import base64
import contextlib
import datetime
import hashlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

import websockets

BINARY = os.environ.get("HERALD_BINARY", "")
START_SECONDS = 180
WAIT_SECONDS = 60  # for what must happen: nothing is hurt by a machine that takes its time
# No test waits for load balancers that are not there, unless it is about them.
NO_NOTICE = {"HERALD_LIMITS_DRAIN_NOTICE_MS": "0"}
ON_A_CLUSTER = bool(os.environ.get("HERALD_CLUSTER"))  # of processes on a database that may be slow (tests/end_to_end/conftest.py)


def need_binary():
    assert BINARY and os.access(BINARY, os.X_OK), (
        "HERALD_BINARY must name the built program; ./test end_to_end builds it and sets it"
    )
    return BINARY


def clean_environment(extra=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HERALD_")}
    environment.update(extra or {})
    return environment


class Server:
    """One `herald serve` on free loopback ports."""

    def __init__(self, folder, *flags, environment=None, listen=("127.0.0.1:0",), operations="127.0.0.1:0"):
        self.folder = pathlib.Path(folder)
        self.flags = list(flags)
        self.environment = environment
        self.listen = list(listen)
        self.operations_listen = operations
        self.process = None
        self.log_path = self.folder / "server.log"

    def command(self):
        command = [need_binary(), "serve", "--data", str(self.folder / "data")]
        for address in self.listen:
            command += ["--listen", address]
        return [*command, "--operations-listen", self.operations_listen, *self.flags]

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=subprocess.PIPE, stderr=log, env=clean_environment(NO_NOTICE | (self.environment or {})),
                text=True
            )
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        self.line = self.process.stdout.readline() if ready else ""
        if "serving" not in self.line:
            self.kill()
            raise AssertionError(f"herald did not start: {self.line!r}\n{self.log_path.read_text()[-4000:]}")
        found = re.findall(r"https?://[^\s,)]+", self.line)
        self.operations = re.search(r"operations (https?://[^\s,)]+)", self.line).group(1)
        self.urls = [url for url in found if url != self.operations]
        self.url = self.urls[0] if self.urls else None  # monitors and managers serve nobody
        # The same addresses after a restart.
        self.listen = [urllib.parse.urlsplit(url).netloc for url in self.urls]
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stdout.close()

    def wait(self, seconds=WAIT_SECONDS):
        return self.process.wait(seconds)

    def stop(self):
        """Ends the server politely; its exit code must be 0."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.wait(START_SECONDS)
        self.process.stdout.close()
        assert code == 0, f"exit code {code}\n{self.log_path.read_text()[-6000:]}"

    def restart(self):
        self.kill()
        return self.start()

    def log(self):
        return self.log_path.read_text()

    @property
    def operator(self):
        """Headers of who knows the operations secret that the server made."""
        return {"Authorization": "Bearer " + (self.folder / "data" / "operations.secret").read_text().strip()}

    @property
    def ws(self):
        return self.url.replace("http", "ws", 1) + "/"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:300]!r}"


def request(method, url, body=None, headers=None, context=None):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=WAIT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=WAIT_SECONDS)
    target = parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    with contextlib.closing(connection):
        if isinstance(body, str):
            body = body.encode()
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def get(url, **more):
    return request("GET", url, **more)


def post_json(url, value, **more):
    return request("POST", url, json.dumps(value), **more)


def token(server, context=None):
    answer = get(server.url + "/token", context=context)
    assert answer.status == 200, answer
    return answer.text


PATIENT = False  # senders come again when told to: a database that was killed leaves broken connections behind (tests/cluster)


def notify(url, message="Hello", context=None, **fields):
    """POSTs a notification that must be accepted; returns its server-given message id from Location, if any."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        answer = post_json(url, {"message": message, **fields}, context=context)
        if not PATIENT or answer.status != 503 or time.monotonic() > deadline:
            break
        select.select([], [], [], 0.1)
    assert answer.status == 200 and answer.json == {"status": "ACCEPTED"}, answer
    return answer


def eventually(check, what, seconds=WAIT_SECONDS):
    """Calls check() until it gives something true; returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen in {seconds} s: {what}"
        select.select([], [], [], 0.02)


def receipt(notify_url, key):
    return get(f"{notify_url}/messages/{urllib.parse.quote(key, safe='')}")


def receipt_state(notify_url, key, state):
    def check():
        answer = receipt(notify_url, key)
        return answer.json if answer.status == 200 and answer.json["state"] == state else None

    return eventually(check, f"receipt of {key} is {state}; last: {receipt(notify_url, key)!r}")


def metric(server, name, **labels):
    """The sum of the samples of that name whose labels include those given, over all processes of a cluster."""
    total, seen = 0.0, False
    pages = [get(one.operations + "/metrics").text for one in getattr(server, "members", {"": server}).values()]
    for line in "\n".join(pages).splitlines():
        match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$", line)
        if not match or match.group(1) != name:
            continue
        got = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
        if all(got.get(k) == v for k, v in labels.items()):
            total, seen = total + float(match.group(3)), True
    return total if seen else None


def milliseconds(text):
    """Since the epoch; of an RFC 3339 time, as receipts have them."""
    since = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
    return since // datetime.timedelta(milliseconds=1)


class Device:
    """A user agent of the 2012 flow over a websockets connection."""

    def __init__(self, server, uatoken=None, context=None):
        self.server = server
        self.context = context
        self.uatoken = uatoken or token(server, context)
        self.socket = None

    async def open(self, register=True, **more):
        more.setdefault("subprotocols", ["push-notification"])
        self.socket = await websockets.connect(
            self.server.ws, ssl=self.context, ping_interval=None, open_timeout=WAIT_SECONDS, close_timeout=WAIT_SECONDS,
            max_queue=None, **more
        )
        if register:
            assert await self.register_ua() == "OK"
        return self

    async def __aenter__(self):
        return await self.open()

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        if self.socket:
            await self.socket.close()

    def drop(self):
        """Ends the connection without a word."""
        self.socket.transport.abort()

    async def send(self, value):
        await self.socket.send(value if isinstance(value, (str, bytes, list)) else json.dumps(value))

    async def receive(self, seconds=WAIT_SECONDS):
        return await asyncio.wait_for(self.socket.recv(), seconds)

    async def ask(self, value):
        await self.send(value)
        return await self.receive()

    async def register_ua(self, **interface):
        data = {"uatoken": self.uatoken, **({"interface": interface} if interface else {})}
        return await self.ask({"data": data, "command": "register/ua"})

    async def register_wa(self, watoken, pbkbase64=None):
        data = {"uatoken": self.uatoken, "watoken": watoken, **({"pbkbase64": pbkbase64} if pbkbase64 else {})}
        return await self.ask({"data": data, "command": "register/wa"})

    async def notification(self, ack=True, seconds=WAIT_SECONDS):
        """The next delivery: a frame holding an array of one object."""
        frame = json.loads(await self.receive(seconds))
        assert isinstance(frame, list) and len(frame) == 1, frame
        if ack:
            await self.ack(frame[0]["messageId"])
        return frame[0]

    async def see(self, *messages):
        """Waits for deliveries of all these messages, in any order; others and repeats may come between."""
        missing = set(messages)
        while missing:
            missing.discard((await self.notification())["message"])

    async def ack(self, message_id):
        await self.send({"messageType": "ack", "messageId": message_id})

    async def nothing(self, seconds=0.3):
        """Asserts that the device is sent nothing for so long."""
        try:
            got = await self.receive(seconds)
        except asyncio.TimeoutError:
            return
        raise AssertionError(f"unexpected frame: {got!r}")

    async def closed(self, seconds=WAIT_SECONDS):
        """Waits for the server to close; returns the code it sent."""
        await asyncio.wait_for(self.socket.wait_closed(), seconds)
        return self.socket.close_code


def notify_token(watoken, pbkbase64=""):
    return hashlib.sha256((watoken + pbkbase64).encode()).hexdigest()


def base64_text(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


class RawConnection:
    """Bytes to and from a port: for what no polite client sends."""

    def __init__(self, url, context=None):
        parts = urllib.parse.urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=WAIT_SECONDS)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname=parts.hostname)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def read_until(self, mark):
        while mark not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def read_exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        head, self.buffer = self.buffer[:count], self.buffer[count:]
        return head

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"closed by the server; unread: {self.buffer[:200]!r}")
        self.buffer += data

    def response(self, body=True):
        """One HTTP response: (status, headers in lower case, body)."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        length = int(headers.get("content-length", 0)) if body else 0
        return int(lines[0].split()[1]), headers, self.read_exactly(length)

    def at_end(self):
        """True if the server ends the connection; reads and drops what it still sends."""
        try:
            while True:
                if not self.socket.recv(65536):
                    return True
        except ConnectionResetError:
            return True
        except (socket.timeout, TimeoutError):
            return False

    def upgrade(self, path="/", protocol="push-notification", **headers):
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
        self.send("\r\n".join(lines) + "\r\n\r\n")
        return self.response()

    def send_frame(self, opcode, payload=b"", fin=True, mask=True, rsv=0, length_bytes=None):
        payload = payload.encode() if isinstance(payload, str) else payload
        first = (0x80 if fin else 0) | rsv << 4 | opcode
        size, flag = len(payload), 0x80 if mask else 0
        if length_bytes == 8 or (length_bytes is None and size > 0xFFFF):
            head = bytes([first, flag | 127]) + size.to_bytes(8, "big")
        elif length_bytes == 2 or size > 125:
            head = bytes([first, flag | 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([first, flag | size])
        if mask:
            key = b"\x11\x22\x33\x44"
            head += key
            payload = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
        self.send(head + payload)

    def frame(self):
        """One frame from the server: (opcode, payload)."""
        first, second = self.read_exactly(2)
        assert second & 0x80 == 0, "a server must not mask"
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(self.read_exactly(2), "big")
        elif size == 127:
            size = int.from_bytes(self.read_exactly(8), "big")
        return first & 0x0F, self.read_exactly(size)

    def close_code(self):
        """Reads up to the server's close frame; returns its code."""
        while True:
            opcode, payload = self.frame()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None


def client_context(ca_file):
    context = ssl.create_default_context(cafile=str(ca_file))
    context.check_hostname = False
    return context


def make_certificate(folder, name="localhost", prefix="server", kind="ec"):
    """A self-signed certificate for loopback; returns (certificate file, key file)."""
    certificate, key = folder / f"{prefix}.crt", folder / f"{prefix}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", kind, *(["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []),
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )
    return certificate, key


class Authority:
    """A private certificate authority in a folder of the test's own."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = make_certificate(folder, name, name)

    def issue(self, host):
        """A certificate for that host name; returns (certificate file, key file)."""
        request, key, certificate = (self.folder / f"{self.name}-{host}.{end}" for end in ("csr", "key", "crt"))
        extensions = self.folder / f"{self.name}-{host}.ext"
        extensions.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")
        for command in (
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
             "-keyout", key, "-out", request],
            ["x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
             "-extfile", extensions, "-out", certificate],
        ):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        return certificate, key
