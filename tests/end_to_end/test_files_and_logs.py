"""What a server and its tools do with files that are no files, keys that are not theirs, and a log that nobody reads."""

import fcntl
import os
import pathlib
import signal
import stat
import subprocess
import threading

import pytest

import herald
from herald import get, notify

F_SETPIPE_SZ = 1031
PIPE_BYTES = 4096

# Every option that names a file to read; DIR stands for a directory.
SERVE_FILES = {
    "config": ["--config", "DIR"],
    "token_key_file": ["--token-key-file", "DIR"],
    "mongodb_uri_file": ["--store", "mongodb", "--mongodb-uri-file", "DIR"],
    "broker_password_file": ["--queue", "amqp", "--brokers", "amqp://127.0.0.1:9", "--broker-user", "u",
                             "--broker-password-file", "DIR"],
    "broker_ca_file": ["--queue", "amqp", "--brokers", "amqps://127.0.0.1:9", "--broker-ca-file", "DIR"],
    "tls": ["--tls-certificate", "DIR", "--tls-key", "DIR"],
}
TOOL_FILES = {
    "check-config": ["check-config", "--config", "DIR"],
    "listen --token-file": ["listen", "--server", "http://127.0.0.1:9", "--token-file", "DIR"],
    "listen --webpush": ["listen", "--webpush", "--server", "http://127.0.0.1:9", "--token-file", "DIR"],
    "listen --key": ["listen", "--server", "SERVER", "--key", "DIR"],
    "listen --vapid": ["listen", "--webpush", "--server", "http://127.0.0.1:9", "--vapid", "DIR"],
    "listen --ca": ["listen", "--server", "https://127.0.0.1:9", "--ca", "DIR"],
    "send --sign": ["send", "http://127.0.0.1:9/notify/x", "hello", "--sign", "DIR"],
    "send --webpush": ["send", "--webpush", "DIR", "hello"],
    "send --vapid": ["send", "--webpush", "SUBSCRIPTION", "--vapid", "DIR", "hello"],
    "send --ca": ["send", "https://127.0.0.1:9/notify/x", "hello", "--ca", "DIR"],
    "status --ca": ["status", "https://127.0.0.1:9", "--ca", "DIR"],
}
SUBSCRIPTION = ('{"endpoint":"https://127.0.0.1:9/wpush/v1/x","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx'
                'aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}')


def run(*arguments, **more):
    return subprocess.run([herald.need_binary(), *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env=herald.clean_environment(), stdin=subprocess.DEVNULL, **more)


def refused_with_one_line(done, named):
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and str(named) in lines[0], done.stderr


@pytest.mark.parametrize("kind", ["directory", "missing"])
@pytest.mark.parametrize("flags", SERVE_FILES.values(), ids=SERVE_FILES.keys())
def test_an_option_of_serve_that_names_no_file(tmp_path, flags, kind):
    place = tmp_path / "place"
    if kind == "directory":
        place.mkdir()
    flags = [str(place) if flag == "DIR" else flag for flag in flags]
    refused_with_one_line(run("serve", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0",
                              "--data", tmp_path / "data", *flags), place)


@pytest.mark.parametrize("arguments", TOOL_FILES.values(), ids=TOOL_FILES.keys())
def test_an_option_of_a_tool_that_names_a_directory(plain_server, tmp_path, arguments):
    subscription = tmp_path / "subscription.json"
    subscription.write_text(SUBSCRIPTION)
    directory = tmp_path / "place"
    directory.mkdir()
    words = {"DIR": directory, "SERVER": plain_server.url, "SUBSCRIPTION": subscription}
    refused_with_one_line(run(*[words.get(word, word) for word in arguments]), directory)


def protect(key):
    """Puts a passphrase on the key file."""
    protected = key.with_suffix(".protected")
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", protected], check=True)
    protected.replace(key)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(tmp_path):
    certificate, key = herald.make_certificate(tmp_path, "first")
    protect(key)
    done = run("serve", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0", "--data", tmp_path / "data",
               "--tls-certificate", certificate, "--tls-key", key)
    refused_with_one_line(done, key)
    assert "passphrase" in done.stderr
    assert "passphrase" in run("check-config", "--tls-certificate", certificate, "--tls-key", key).stderr


def test_after_a_reload_with_such_a_key_the_old_one_stays_and_a_signal_ends_the_server(tmp_path):
    certificate, key = herald.make_certificate(tmp_path, "first")
    server = herald.Server(tmp_path / "s", "--tls-certificate", str(certificate), "--tls-key", str(key)).start()
    protect(key)
    server.signal(signal.SIGHUP)
    herald.eventually(lambda: "passphrase" in server.log(), "the reason is logged")
    server.stop()


class UnreadLog(herald.Server):
    """Its standard error is a small pipe that nobody reads."""

    def start(self):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, F_SETPIPE_SZ, PIPE_BYTES)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=self.writer, text=True,
                                        env=herald.clean_environment(herald.NO_NOTICE))
        os.close(self.writer)
        self.line = self.process.stdout.readline()
        self.url = self.line.split(" serving on ")[1].split()[0]
        self.operations = self.line.split("operations ")[1].split(",")[0]
        return self

    def end(self):
        os.close(self.reader)
        self.kill()


@pytest.fixture
def unread_log(tmp_path):
    server = UnreadLog(tmp_path / "s", "--log-level", "debug", "--limits-log-waiting-max-bytes", "4096").start()
    yield server
    server.end()


def refuse_often(server):
    """Each is a line of the debug log."""
    for _ in range(200):
        assert get(server.url + "/nothing/here").status == 404


def test_nobody_waits_for_a_log_that_nobody_reads(unread_log):
    refuse_often(unread_log)
    assert get(unread_log.url + "/status").json["status"] == "ok"
    assert herald.metric(unread_log, "herald_log_lines_dropped_total") > 0
    unread_log.signal(signal.SIGTERM)
    assert unread_log.wait() == 0


def test_a_log_that_is_read_again_says_what_is_missing(unread_log):
    refuse_often(unread_log)
    said = []
    with os.fdopen(os.dup(unread_log.reader), errors="replace") as log:
        reading = threading.Thread(target=lambda: said.extend(log))
        reading.start()
        unread_log.signal(signal.SIGTERM)
        assert unread_log.wait() == 0
        reading.join()
    assert any("nobody read them in time" in line for line in said), said[-5:]


async def test_what_is_written_is_private_whatever_the_umask(tmp_path, name):
    before = os.umask(0o022)
    try:
        server = herald.Server(tmp_path / "s").start()
    finally:
        os.umask(before)
    async with herald.Device(server) as device:
        notify(await device.register_wa(name))
        await device.notification()
    assert herald.request("PUT", server.operations + "/broadcasts/b", "1", headers=server.operator).status == 204
    data = tmp_path / "s" / "data"
    everything = [data, *data.rglob("*")]
    assert len(everything) > 5
    for path in everything:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
    server.stop()


def test_a_database_of_an_earlier_version_becomes_private(tmp_path):
    database = tmp_path / "s" / "data" / "database"
    with herald.Server(tmp_path / "s"):
        pass
    database.chmod(0o755)
    with herald.Server(tmp_path / "s"):
        assert stat.S_IMODE(database.stat().st_mode) == 0o700


def test_a_key_file_that_others_can_read_is_warned_about(tmp_path):
    keys = tmp_path / "token.keys"
    keys.write_text("a" * 64 + "\n")
    keys.chmod(0o644)
    with herald.Server(tmp_path / "s", "--token-key-file", str(keys)) as server:
        herald.eventually(lambda: "chmod 600" in server.log(), "a warning")
    checked = run("check-config", "--token-key-file", keys)
    assert checked.returncode == 0 and "warning" in checked.stderr and str(keys) in checked.stderr
    keys.chmod(0o640)
    assert run("check-config", "--token-key-file", keys).stderr == ""


def test_a_configuration_with_a_secret_that_others_can_read_is_warned_about(tmp_path):
    config = tmp_path / "herald.toml"
    config.write_text('mongodb_uri = "mongodb://user:secret@127.0.0.1"\n')
    config.chmod(0o644)
    with herald.Server(tmp_path / "s", "--config", str(config)) as server:
        herald.eventually(lambda: f"chmod 600 {config}" in server.log(), "a warning")
    assert f"chmod 600 {config}" in run("check-config", "--config", config).stderr
    config.write_text('loops = 1\n')
    assert run("check-config", "--config", config).stderr == ""


def test_a_variable_that_no_option_has_is_warned_about(tmp_path):
    with herald.Server(tmp_path / "s", environment={"HERALD_LISEN": "127.0.0.1:0"}) as server:
        herald.eventually(lambda: "did you mean HERALD_LISTEN?" in server.log(), "a warning")


def test_other_token_keys_next_to_devices_are_refused(tmp_path):
    server = herald.Server(tmp_path / "s").start()
    keys = pathlib.Path(tmp_path / "s" / "data" / "token.keys")
    first = keys.read_text()
    server.stop()
    keys.unlink()
    server.start()  # no device has come yet
    second = keys.read_text()
    assert second != first
    register_a_device(server)
    server.stop()

    for content, said in ((None, "is missing"), (first, "holds none of the keys")):
        if content is None:
            keys.unlink()
        else:
            keys.write_text(content)
        done = run(*server.command()[1:])
        assert done.returncode == 6 and said in done.stderr and str(keys) in done.stderr, done
        assert "--missing-data accept" in done.stderr
    assert not (content is None), "the last one wrote a file"

    keys.write_text(first + second)  # rotation keeps the old one
    server.start()
    server.stop()
    keys.write_text(first)
    server.start()
    server.stop()
    keys.unlink()
    server.flags = ["--missing-data", "accept"]
    server.start()
    server.stop()
    server.flags = []
    server.start()
    server.stop()


def register_a_device(server):
    with herald.RawConnection(server.url) as device:
        assert device.upgrade()[0] == 101
        token = herald.token(server)
        device.send_frame(1, '{"command":"register/ua","data":{"uatoken":"%s"}}' % token)
        assert device.frame() == (1, b"OK")
        device.send_frame(1, '{"command":"register/wa","data":{"uatoken":"%s","watoken":"an app"}}' % token)
        assert device.frame()[0] == 1


def test_unknown_paths_of_the_operations_listener(plain_server):
    for path in ("/healthz", "/metrics/x", "/status/x", "/x"):
        assert get(plain_server.operations + path).status == 404, path
    assert get(plain_server.operations + "/").status == 200


async def test_a_drain_tells_load_balancers_first_and_serves_on_meanwhile(tmp_path, name):
    server = herald.Server(tmp_path / "s", "--limits-drain-notice-ms", "600000", "--limits-drain-timeout-ms", "600000").start()
    assert get(server.url + "/status").status == 200
    server.signal(signal.SIGTERM)
    herald.eventually(lambda: get(server.url + "/status").status == 503, "the public listener says 503")
    assert get(server.operations + "/status").status == 503
    assert get(server.url + "/status").json["status"] == "draining"
    async with herald.Device(server) as device:
        notify(await device.register_wa(name), "during the notice")
        assert (await device.notification())["message"] == "during the notice"
    server.signal(signal.SIGTERM)
    assert server.wait() == 1, "a second signal ends at once"
    server.process.stdout.close()


@pytest.mark.parametrize("arguments, said", [
    (["serve", "--liste", "127.0.0.1:0"], "did you mean --listen?"),
    (["serve", "--limits-lease-m", "1"], "did you mean --limits-lease-ms?"),
    (["listen", "--token-fil=x"], "did you mean --token-file?"),
    (["sreve"], "did you mean serve?"),
    (["serve", "--completely-unknown"], "no option is named --completely-unknown; try"),
])
def test_what_was_meant(arguments, said):
    done = run(*arguments)
    assert done.returncode == 2 and said in done.stderr, done
    assert len(done.stderr.splitlines()) == 1


def test_help_names_flags_that_are_words():
    words = run("serve", "--help").stdout
    assert "--trusted-proxy" in words and "--trusted-proxie," not in words and "--trusted-proxie " not in words


def test_an_open_string_in_a_configuration(tmp_path):
    config = tmp_path / "herald.toml"
    config.write_text('data = "x\nlisten = "127.0.0.1:0"\n')
    done = run("check-config", "--config", config)
    assert done.returncode == 2 and "a string is not closed on its line" in done.stderr and "herald.toml:1" in done.stderr, done
    assert len(done.stderr.splitlines()) == 1
    config.write_text('data = \x01\n')
    done = run("check-config", "--config", config)
    assert done.returncode == 2 and "in quotes" in done.stderr and len(done.stderr.splitlines()) == 1, done


@pytest.mark.parametrize("command", ["serve", "check-config"])
def test_an_empty_name_of_a_configuration(command):
    refused_with_one_line(run(command, "--config", ""), "--config")


def test_localhost_is_an_address_to_listen_on(tmp_path):
    server = herald.Server(tmp_path / "s", listen=("localhost:0",), operations="LocalHost:0")
    with server:
        assert get(server.url + "/status").status == 200


def test_why_a_listener_can_not_be_bound(tmp_path):
    done = run("serve", "--listen", "192.0.2.1:8080", "--operations-listen", "127.0.0.1:0", "--data", tmp_path / "data")
    assert done.returncode == 3 and "this machine has no address 192.0.2.1" in done.stderr, done


def test_a_certificate_that_is_not_trusted_is_no_missing_server(tmp_path):
    certificate, key = herald.make_certificate(tmp_path, "first")
    with herald.Server(tmp_path / "s", "--tls-certificate", str(certificate), "--tls-key", str(key)) as server:
        for arguments in (["listen", "--server", server.url], ["status", server.url],
                          ["send", server.url + "/notify/x", "hello"]):
            said = run(*arguments).stderr
            assert "not trusted" in said and "--ca FILE" in said and "running there" not in said, said


def test_refused_requests_are_in_the_debug_log_without_tokens(own_server):
    server = own_server("--log-level", "debug")
    herald.post_json(server.url + "/notify/" + "ab" * 32, {"message": "x"})
    herald.eventually(lambda: "request refused" in server.log(), "a line")
    line = next(line for line in server.log().splitlines() if "request refused" in line)
    assert "status=404" in line and "peer=127.0.0.1" in line and "abab" not in line, line
