"""Running it: the start-up line, exit codes, status, metrics, drain, reload, logs."""

import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest

import herald
from herald import Device, get, notify, request


def run(*arguments, timeout=120, environment=None):
    return subprocess.run([herald.need_binary(), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env=herald.clean_environment(environment))


def serve(folder, *flags, environment=None):
    return run("serve", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0", "--data", folder, *flags,
               environment=environment)


def test_one_line_on_standard_output(own_server):
    server = own_server()
    assert server.url.startswith("http://127.0.0.1:") and not server.url.endswith(":0")
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert server.process.stdout.read() == ""


def test_status_about_and_the_operations_port(plain_server):
    assert get(plain_server.url + "/status").json["status"] == "ok"
    about = get(plain_server.url + "/about").json
    assert about["name"].lower() == "herald" and about["version"]
    assert get(plain_server.operations + "/status").status == 200
    assert get(plain_server.url + "/metrics").status == 404, "metrics are for the operations port"
    assert get(plain_server.operations + "/").status == 200


async def test_promtool_accepts_the_metrics(plain_server, name):
    async with Device(plain_server) as device:
        notify(await device.register_wa(name))
        await device.notification()
    text = get(plain_server.operations + "/metrics").text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr
    for family in ["herald_connections", "herald_queue_depth", "herald_delivery_seconds_bucket",
                   "herald_store_commit_seconds_bucket", "herald_notifications_accepted_total"]:
        assert family in text, family


def test_a_taken_port(plain_server, tmp_path):
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    address = "127.0.0.1:%d" % taken.getsockname()[1]
    ended = run("serve", "--listen", address, "--operations-listen", "127.0.0.1:0", "--data", tmp_path / "d")
    assert ended.returncode == 3 and address in ended.stderr and ended.stdout == ""
    taken.close()


def test_a_second_server_on_the_same_port(plain_server, tmp_path):
    """SO_REUSEPORT must not let two servers share a port unawares."""
    address = urllib.parse.urlsplit(plain_server.url).netloc
    ended = run("serve", "--listen", address, "--operations-listen", "127.0.0.1:0", "--data", tmp_path / "d")
    assert ended.returncode == 3 and address in ended.stderr


def test_a_data_folder_that_can_not_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    ended = serve(tmp_path / "file" / "data")
    assert ended.returncode == 4 and "file/data" in ended.stderr


def test_a_data_folder_in_use(plain_server):
    ended = serve(plain_server.folder / "data")
    assert ended.returncode == 5 and str(plain_server.folder / "data") in ended.stderr


async def test_a_damaged_database(tmp_path, name):
    with herald.Server(tmp_path) as server:
        async with Device(server) as device:
            notify(await device.register_wa(name))
            await device.notification()
    damaged = [p for p in (tmp_path / "data").rglob("*") if p.is_file() and p.name.startswith("MANIFEST")]
    assert damaged
    for path in damaged:
        path.write_bytes(b"\xff" * max(64, path.stat().st_size))
    ended = serve(tmp_path / "data")
    assert ended.returncode == 6 and "data" in ended.stderr


@pytest.mark.parametrize("flags", [["--nonsense"], ["--listen", "nowhere"], ["--limits-unacked-window", "0"],
                                   ["--limits-unacked-window", "x"], ["--roles", "juggler"], ["--log-format", "xml"],
                                   ["--config", "/nonexistent.toml"], ["--tls-certificate", "/nonexistent.crt"]])
def test_bad_usage(tmp_path, flags):
    ended = serve(tmp_path / "data", *flags)
    assert ended.returncode == 2, ended
    assert ended.stderr.strip() and ended.stdout == ""


@pytest.mark.parametrize("flag, value, named", [
    ("--limits-message-max-bytes", "100000", "http_body_max_bytes"),
    ("--limits-http-body-max-bytes", "2000000", "send_buffer_max_bytes"),
    ("--limits-http-body-max-bytes", "4096", "http_body_max_bytes"),
    ("--limits-websocket-message-max-bytes", "4096", "websocket_message_max_bytes"),
    ("--limits-apps-per-device", "2000", "simplepush_hello_max_bytes"),
    ("--limits-unacked-window", "1000", "unacked_per_device"),
    ("--limits-lease-renew-ms", "9000", "lease_ms"),
])
def test_limits_that_contradict_each_other_end_the_start(tmp_path, flag, value, named):
    ended = serve(tmp_path / "data", flag, value)
    assert ended.returncode == 2, ended
    assert f"limits.{named} must be at least" in ended.stderr, ended


def test_bad_configuration_names_the_line(tmp_path):
    config = tmp_path / "herald.toml"
    config.write_text("[limits]\nunacked_window = 5\nno_such_limit = 7\n")
    ended = serve(tmp_path / "data", "--config", config)
    assert ended.returncode == 2 and "no_such_limit" in ended.stderr and "3" in ended.stderr
    config.write_text("[limits\n")
    assert serve(tmp_path / "data", "--config", config).returncode == 2


async def test_flags_win_over_environment_over_file(own_server, tmp_path, name):
    config = tmp_path / "herald.toml"
    config.write_text("[limits]\nmessage_max_bytes = 10\nsender_id_max_bytes = 3\nwatoken_max_bytes = 2000\n")
    server = own_server("--config", str(config), "--limits-message-max-bytes", "30",
                        environment={"HERALD_LIMITS_MESSAGE_MAX_BYTES": "20", "HERALD_LIMITS_SENDER_ID_MAX_BYTES": "5"})
    async with Device(server) as device:
        url = await device.register_wa(name)
        assert herald.post_json(url, {"message": "a" * 30}).status == 200
        assert herald.post_json(url, {"message": "a" * 31}).status == 413
        assert herald.post_json(url, {"message": "a", "id": "12345"}).status == 200
        assert herald.post_json(url, {"message": "a", "id": "123456"}).status == 400


async def test_sigterm_drains(own_server, name):
    server = own_server("--limits-drain-closes-per-s", "20", "--limits-close-timeout-ms", "500")
    devices = [Device(server) for _ in range(10)]
    for device in devices:
        await device.open()
    url = await devices[0].register_wa(name)
    notify(url, "unacked")
    await devices[0].notification(ack=False)
    parked = herald.RawConnection(server.url)
    parked.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")
    assert parked.response()[0] == 200
    started = time.monotonic()
    server.signal(signal.SIGTERM)
    codes = [await device.closed() for device in devices]
    assert set(codes) == {1001}
    assert server.wait() == 0
    assert time.monotonic() - started > 0.2, "a few at a time"
    server.start()
    await devices[0].open()
    assert (await devices[0].notification())["message"] == "unacked"
    await devices[0].close()


async def test_status_is_503_while_draining(own_server):
    server = own_server("--limits-close-timeout-ms", "600000", "--limits-drain-timeout-ms", "600000")
    # It does not answer the close frame, so the drain goes on until it ends.
    silent = herald.RawConnection(server.url)
    assert silent.upgrade()[0] == 101
    silent.send_frame(1, json.dumps({"data": {"uatoken": herald.token(server)}, "command": "register/ua"}))
    assert silent.frame() == (1, b"OK")
    server.signal(signal.SIGTERM)
    assert silent.close_code() == 1001

    def draining():
        try:
            return get(server.operations + "/status").status == 503
        except OSError:
            return False

    herald.eventually(draining, "/status says draining")
    silent.socket.close()
    assert server.wait() == 0


def test_sighup_reads_certificates_again(tmp_path):
    certificate, key = herald.make_certificate(tmp_path, "first")
    flags = ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    with herald.Server(tmp_path / "s", *flags) as server:
        address = urllib.parse.urlsplit(server.url)

        def served_certificate():
            return ssl.get_server_certificate((address.hostname, address.port))

        first = served_certificate()
        herald.make_certificate(tmp_path, "second")
        server.signal(signal.SIGHUP)
        herald.eventually(lambda: served_certificate() != first, "the new certificate is served")
        second = served_certificate()
        certificate.write_text("not a certificate")
        server.signal(signal.SIGHUP)
        herald.eventually(lambda: "certificate" in server.log().lower(), "the failure is logged")
        assert served_certificate() == second


async def test_logs_have_no_tokens_and_trace_a_message(own_server, name):
    server = own_server("--log-format", "json", "--log-level", "debug")
    async with Device(server) as device:
        url = await device.register_wa(name)
        notify(url, "a very secret payload", id="t")
        got = await device.notification()
        herald.receipt_state(url, "t", "acked")
        # The last line may be on its way into the file.
        log = herald.eventually(lambda: (text := server.log()).endswith("\n") and text, "a log of whole lines")
        assert device.uatoken not in log and name not in log and "secret payload" not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"time", "level", "event"} <= set(line) for line in lines)
    about = [line["event"] for line in lines if line.get("message") == got["messageId"]]
    assert len(about) >= 4, f"traced through every role: {about}"


async def test_nothing_accepted_is_lost_by_kill_9(own_server, name):
    server = own_server()
    device = Device(server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    for number in range(20):
        notify(url, str(number), id=f"m{number % 10}")
    server.restart()
    await device.open()
    assert [(await device.notification())["message"] for _ in range(10)] == [str(n) for n in range(10, 20)]
    await device.nothing()
    await device.close()


def test_the_operations_port_is_loopback_by_default(tmp_path):
    shown = run("check-config", "--data", tmp_path)
    assert shown.returncode == 0 and "127.0.0.1:9090" in shown.stdout


@pytest.mark.parametrize("command", ["serve", "listen", "send", "status", "keys", "check-config"])
def test_help_teaches_with_an_example(command):
    shown = run(command, "--help")
    assert shown.returncode == 0 and f"herald {command}" in shown.stdout
    assert "xample" in shown.stdout


@pytest.mark.timing
async def test_disk_full_is_503_and_heals(tmp_path, name):
    """A data folder on a small tmpfs of its own: fills up, recovers when space returns."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(small)], capture_output=True, text=True)
    assert mounted.returncode == 0, f"this test needs to mount a tmpfs (be root): {mounted.stderr}"
    try:
        with herald.Server(small) as server:
            async with Device(server) as device:
                url = await device.register_wa(name)
                notify(url, "before")
                await device.notification()
                ballast = small / "ballast"
                with open(ballast, "wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(b"x" * 65536)
                    except OSError:
                        pass

                def refused():
                    answer = herald.post_json(url, {"message": "x" * 4000})
                    assert answer.status in (200, 503), answer
                    return answer if answer.status == 503 else None

                answer = herald.eventually(refused, "no space: 503")
                assert int(answer.headers["Retry-After"]) > 0 and answer.json["status"] == "ERROR"
                ballast.unlink()
                herald.eventually(lambda: herald.post_json(url, {"message": "after", "id": "after"}).status == 200, "space is back")
                messages = []
                while "after" not in messages:
                    messages.append((await device.notification())["message"])
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


async def test_retention_bounds_ttl_and_is_its_default(own_server, name):
    server = own_server("--limits-retention-s", "100")
    async with Device(server) as device:
        url = await device.register_wa(name)
        for key, fields, lives in [("none", {}, 100), ("zero", {"ttl": 0}, 100), ("at", {"ttl": 100}, 100),
                                   ("past", {"ttl": 101}, 100), ("short", {"ttl": 99}, 99)]:
            before = int(time.time() * 1000)
            notify(url, "m", id=key, **fields)
            after = int(time.time() * 1000)
            receipt = herald.receipt(url, key).json
            assert before <= herald.milliseconds(receipt["expiresAt"]) - lives * 1000 <= after, (key, receipt)


@pytest.mark.timing
def test_a_kill_leaves_no_shared_memory_behind(own_server):
    server = own_server()
    process = server.process.pid
    server.kill()
    assert not pathlib.Path(f"/dev/shm/mongoc-{process}").exists()


async def test_a_receipt_is_kept_for_receipt_retention_s(own_server, name):
    server = own_server("--limits-receipt-retention-s", "1", "--limits-sweep-interval-ms", "100")
    async with Device(server) as device:
        url = await device.register_wa(name)
        notify(url, "m", id="r")
        got = await device.notification(ack=False)
        assert herald.receipt(url, "r").status == 200, "not finished"
        await device.ack(got["messageId"])
        herald.eventually(lambda: herald.receipt(url, "r").status == 404, "the receipt is gone")


async def test_unacked_deliveries_are_recorded_as_sent_after_sent_report_delay_ms(own_server, name):
    for delay_ms, recorded in [("50", True), ("60000", False)]:
        server = own_server("--limits-sent-report-delay-ms", delay_ms)
        async with Device(server) as device:
            url = await device.register_wa(name)
            notify(url, "m", id="s")
            await device.notification(ack=False)

            def states():
                return [d["state"] for d in herald.receipt(url, "s").json["deliveries"]]

            if recorded:
                herald.eventually(lambda: states() == ["sent"], "recorded as sent")
            else:
                # What is reported later has come through the same queue, behind what would have been reported of "s".
                notify(url, "m", id="fence")
                await device.notification()
                herald.receipt_state(url, "fence", "acked")
                assert states() == ["pending"]
