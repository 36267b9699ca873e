"""`herald bench`: every scenario, tiny; what it prints and how it ends, also against a server that loses messages."""

import base64
import contextlib
import hashlib
import json
import re
import socketserver
import subprocess
import threading

import pytest

from ports import free_port
from relay import Relay
from support.herald import Server, clean_environment, make_certificate, metric, need_binary

SECONDS = 300
MEMBERS = {
    "accepted", "delivered", "repeats", "lost", "late", "per_second", "per_server_core_second", "latency_ms",
    "server_user_bytes_per_device", "server_kernel_bytes_per_device", "server_cpu_s", "bench_cpu_s",
}


def bench(*arguments):
    return subprocess.run(
        [need_binary(), "bench", *arguments], capture_output=True, text=True, timeout=SECONDS, env=clean_environment()
    )


def measured(*arguments, code=0):
    run = bench(*arguments, "--json")
    assert run.returncode == code, run.stderr + run.stdout
    result = json.loads(run.stdout)
    assert MEMBERS <= set(result), MEMBERS - set(result)
    assert set(result["latency_ms"]) == {"p50", "p90", "p99", "p999", "max"}
    return result


def assert_all_arrived(result):
    assert result["accepted"] > 0
    assert result["lost"] == result["late"] == result["foreign"] == 0
    assert result["receipts_acked"] == result["receipts_sampled"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("bench")) as running:
        yield running


def test_deliver_at_a_rate(server):
    result = measured("deliver", "--target", server.url, "--devices", "20", "--rate", "100", "--seconds", "1")
    assert_all_arrived(result)
    assert 80 <= result["accepted"] <= 100
    assert result["delivered"] == result["accepted"]
    assert result["receipts_sampled"] > 0
    assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["p99"] <= result["latency_ms"]["max"]
    assert result["server_cpu_s"] is not None, "the server's process was not found by its listener"


def test_echo_needs_a_server_that_sends_back_what_came(server):
    run = bench("echo", "--target", server.url, "--devices", "4", "--rate", "20", "--seconds", "1")
    assert run.returncode == 3 and run.stdout == "", run
    assert "echo is for a WebSocket echo server" in run.stderr.splitlines()[-1]


class CountingRelay(Relay):
    """Another address of a server."""

    def __init__(self, target):
        super().__init__(target)
        self.connections = 0

    close = Relay.stop

    async def serve(self, reader, writer):
        self.connections += 1
        await super().serve(reader, writer)


@pytest.mark.parametrize("protocol", ["2012", "webpush"])
def test_senders_post_where_the_urls_of_the_devices_say(tmp_path, protocol):
    port = free_port()
    with contextlib.closing(CountingRelay(("127.0.0.1", port)).start()) as second:
        named = f"http://127.0.0.1:{second.port}"
        with Server(tmp_path, "--public-url", named, listen=[f"127.0.0.1:{port}"]) as server:
            options = ["deliver", "--target", server.url, "--devices", "5", "--rate", "50", "--seconds", "1", "--senders", "3",
                       "--protocol", protocol]
            assert_all_arrived(measured(*options))
            posted = second.connections
            assert posted >= 3
            assert_all_arrived(measured(*options, "--post-to", server.url))
            assert second.connections == posted


def test_senders_that_can_not_post_there_are_told_what_to_do(tmp_path):
    with Server(tmp_path, "--public-url", "http://nowhere.invalid") as server:
        away = bench("deliver", "--target", server.url, "--devices", "2", "--seconds", "1")
        assert away.returncode == 3
        assert "http://nowhere.invalid" in away.stderr and "--post-to" in away.stderr


def in_a_run(enough, *arguments):
    """The result of the first run that is enough, of a few: this machine may stand still for most of one. All must arrive in each."""
    for _ in range(10):
        result = measured(*arguments)
        assert_all_arrived(result)
        if enough(result):
            return result
    raise AssertionError(result)


def test_deliver_as_many_as_go_from_several_loops(server):
    result = in_a_run(
        lambda result: result["accepted"] > 100,
        "deliver", "--target", server.url, "--devices", "20", "--rate", "max", "--seconds", "1", "--loops", "2",
        "--operations", server.operations,
    )
    assert result["delivered"] == result["accepted"]
    assert result["server_metrics"]


def test_devices_of_one_app_all_get_it(server):
    result = measured(
        "deliver", "--target", server.url, "--devices", "21", "--apps", "4", "--rate", "40", "--seconds", "1"
    )
    assert_all_arrived(result)
    assert result["delivered"] == result["owed"] >= 5 * result["accepted"]


def test_idle(server):
    result = measured("idle", "--target", server.url, "--devices", "30", "--seconds", "0.5", "--source-addresses", "3")
    assert_all_arrived(result)
    assert result["delivered"] == 30
    assert result["disconnects"] == 0


def test_broadcast(server):
    result = measured("broadcast", "--target", server.url, "--devices", "30", "--seconds", "0.5")
    assert_all_arrived(result)
    assert result["delivered"] == 30 * result["accepted"]


def test_storm(server):
    result = measured("storm", "--target", server.url, "--devices", "30")
    assert_all_arrived(result)
    assert result["accepted"] == result["delivered"] == 30
    assert result["registrations"] == 60
    assert result["registrations_per_second"] > 0


def test_backlog(server):
    result = measured("backlog", "--target", server.url, "--devices", "10", "--messages", "7")
    assert_all_arrived(result)
    assert result["accepted"] == result["delivered"] == 70


def test_sleepers(server):
    result = measured("sleepers", "--target", server.url, "--devices", "10", "--rate", "20", "--seconds", "1")
    assert_all_arrived(result)
    assert result["delivered"] == result["accepted"]
    assert result["pings"] > 0
    assert result["pulls"] >= result["pings"] / 2


def test_mixed(server):
    in_a_run(somebody_left_and_came_back, "mixed", "--target", server.url, "--devices", "200", "--rate", "150", "--seconds", "3")


def somebody_left_and_came_back(result):
    return result["registrations"] > 200


def by_webpush(server, scenario, *arguments):
    result = measured(scenario, "--protocol", "webpush", "--target", server.url, *arguments)
    assert_all_arrived(result)
    assert result["protocol"] == "webpush" and result["refused"] == 0
    return result


def test_webpush_deliver(server):
    verified = metric(server, "herald_vapid_checks_total", by="signature")
    remembered = metric(server, "herald_vapid_checks_total", by="memory")
    result = by_webpush(server, "deliver", "--devices", "20", "--rate", "200", "--seconds", "1", "--senders", "2")
    assert result["delivered"] == result["accepted"] > 100
    verified = metric(server, "herald_vapid_checks_total", by="signature") - verified
    remembered = metric(server, "herald_vapid_checks_total", by="memory") - remembered
    assert verified <= 2, "a known sender is verified once on each loop that serves it"
    assert verified + remembered == result["accepted"]


def test_webpush_idle_storm_and_backlog(server):
    idle = by_webpush(server, "idle", "--devices", "30", "--seconds", "0.5", "--loops", "2")
    assert idle["delivered"] == 30 and idle["disconnects"] == 0
    storm = by_webpush(server, "storm", "--devices", "30")
    assert storm["delivered"] == 30 and storm["registrations"] == 60
    assert by_webpush(server, "backlog", "--devices", "5", "--messages", "25")["delivered"] == 125


def test_webpush_mixed(server):
    result = in_a_run(somebody_left_and_came_back, "mixed", "--protocol", "webpush", "--target", server.url, "--devices", "200",
                      "--rate", "150", "--seconds", "3")
    assert result["protocol"] == "webpush" and result["refused"] == 0


def test_webpush_that_is_refused_is_no_loss(tmp_path):
    with Server(tmp_path, "--limits-webpush-per-key-per-s", "1") as strict:
        result = measured("deliver", "--protocol", "webpush", "--target", strict.url, "--devices", "5", "--rate", "100",
                          "--seconds", "0.5")
    assert result["refused"] > 0 and result["lost"] == 0
    assert 10 <= result["accepted"] < 20, "ten at once, then one a second"


def test_over_tls(tmp_path):
    certificate, key = make_certificate(tmp_path)
    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with Server(tmp_path / "server", *flags) as running:
        of_both = ("--target", running.url, "--devices", "10", "--rate", "50", "--seconds", "0.5")
        assert_all_arrived(measured("deliver", *of_both, "--ca-file", str(certificate)))
        assert_all_arrived(measured("deliver", *of_both, "--insecure"))
        assert bench("deliver", *of_both).returncode == 3, "an unknown certificate was trusted"


def test_the_report_needs_nothing_from_outside(server, tmp_path):
    report = tmp_path / "report.html"
    run = bench(
        "deliver", "--target", server.url, "--devices", "10", "--rate", "100", "--seconds", "1", "--report", str(report)
    )
    assert run.returncode == 0, run.stderr
    html = report.read_text()
    assert html.count("<svg") >= 4
    assert not re.search(r"src=|href=|url\(|@import|<script", html)
    assert "prefers-color-scheme: dark" in html


def test_the_table_is_for_people(server):
    run = bench("deliver", "--target", server.url, "--devices", "5", "--rate", "50", "--seconds", "0.5")
    assert run.returncode == 0, run.stderr
    assert "Everything that was accepted arrived." in run.stdout
    assert run.stderr == "", "a progress line where nobody watches"


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["deliver", "--devices", "0"],
        ["deliver", "--rate", "fast"],
        ["deliver", "--bytes", "10"],
        ["deliver", "--target", "nonsense"],
        ["deliver", "--server-pid", "me"],
        ["deliver", "--devices", "10", "--apps", "11"],
        ["deliver", "--devices", "1000000", "--loops", "1"],
        ["broadcast", "--protocol", "webpush"],
        ["deliver", "--protocol", "smoke"],
        ["deliver", "--no-such-flag"],
        [],
    ],
)
def test_wrong_options(arguments):
    run = bench(*arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("herald: ")


def test_an_unreachable_target():
    with socketserver.TCPServer(("127.0.0.1", 0), None, bind_and_activate=True) as taken:
        port = taken.server_address[1]
    run = bench("deliver", "--target", f"http://127.0.0.1:{port}", "--devices", "1", "--seconds", "0.1")
    assert run.returncode == 3
    assert "can't reach" in run.stderr


class FakeServer(socketserver.ThreadingTCPServer):
    """Registers devices and accepts messages; what reaches the device is up to `deliver(text)`: a list of frames."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, deliver):
        self.deliver = deliver
        self.devices = []
        super().__init__(("127.0.0.1", 0), FakeConnection)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class FakeConnection(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            headers = {}
            while (field := self.rfile.readline().strip()) != b"":
                name, value = field.decode().split(":", 1)
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            if "sec-websocket-key" in headers:
                return self.speak_websocket(headers["sec-websocket-key"])
            if line.startswith(b"POST"):
                for frame in self.server.deliver(json.loads(body)["message"]):
                    for device in self.server.devices:
                        device.send_text(frame)
            self.answer("token")

    def answer(self, text):
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())

    def speak_websocket(self, key):
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        while (text := self.receive_text()) is not None:
            if b"register/ua" in text:
                self.send_text("OK")
            elif b"register/wa" in text:
                self.send_text(f"{self.server.url}/notify/ab")
                self.server.devices.append(self)

    def receive_text(self):
        head = self.rfile.read(2)
        if len(head) < 2 or head[0] & 15 == 8:
            return None
        size = head[1] & 127
        size = int.from_bytes(self.rfile.read(2), "big") if size == 126 else size
        mask = self.rfile.read(4)
        return bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(size)))

    def send_text(self, text):
        data = text.encode()
        head = bytes([0x81, len(data)]) if len(data) < 126 else bytes([0x81, 126]) + len(data).to_bytes(2, "big")
        with contextlib.suppress(OSError):
            self.wfile.write(head + data)


FAKE = ["--devices", "1", "--rate", "20", "--seconds", "0.5", "--server-pid", "none"]
GIVES_UP = ["--grace", "1"]  # waits no longer for what never comes


def test_a_server_that_loses_messages_is_found_out():
    with FakeServer(lambda message: []).running() as fake:
        result = measured("deliver", "--target", fake.url, *FAKE, *GIVES_UP, code=1)
    assert result["lost"] == result["accepted"] > 0
    assert result["delivered"] == 0


def test_a_server_that_repeats_itself_is_counted():
    with FakeServer(lambda message: [json.dumps([{"message": message, "messageId": "a"}])] * 2).running() as fake:
        result = measured("deliver", "--target", fake.url, *FAKE)
    assert result["delivered"] == result["repeats"] == result["accepted"] > 0


def test_a_server_that_mixes_up_apps_is_found_out():
    def to_another_app(message):
        return [json.dumps([{"message": message[:44] + "." + "00000007" + message[53:], "messageId": "a"}])]

    with FakeServer(to_another_app).running() as fake:
        result = measured("deliver", "--target", fake.url, *FAKE, *GIVES_UP, code=1)
    assert result["foreign"] == result["lost"] == result["accepted"] > 0


def test_the_table_says_so_too():
    with FakeServer(lambda message: []).running() as fake:
        run = bench("deliver", "--target", fake.url, *FAKE, *GIVES_UP)
    assert run.returncode == 1
    assert "NOT GOOD" in run.stdout
