"""The other commands: listen, send, status, keys, check-config; each used as its help says."""

import json
import pathlib
import re
import select
import stat
import subprocess
import time

import pytest

import herald
from herald import Device, get


def run(*arguments, timeout=120):
    return subprocess.run([herald.need_binary(), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env=herald.clean_environment({"NO_COLOR": "1"}))


class Listener:
    """`herald listen` in the background."""

    def __init__(self, server, *flags):
        self.process = subprocess.Popen(
            [herald.need_binary(), "listen", "--server", server.url, *flags],
            # Unbuffered, so that select() knows of every line that was not read yet.
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=herald.clean_environment({"NO_COLOR": "1"}),
        )
        self.seen = []

    def line(self, pattern, seconds=herald.WAIT_SECONDS):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
            if not ready:
                break
            line = self.process.stdout.readline().decode()
            if not line:
                break
            self.seen.append(line)
            found = re.search(pattern, line)
            if found:
                return found
        self.process.kill()
        raise AssertionError(f"no line matches {pattern!r} in {self.seen!r}; {self.process.stderr.read()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_listen_send_status(plain_server, name):
    with Listener(plain_server, "--app", name, "--count", "2") as listener:
        url = listener.line(r"(http://\S+/notify/[0-9a-f]{64})").group(1)
        sent = run("send", url, "Hello there", "--id", "n1", "--priority", "2", "--ttl", "60")
        assert sent.returncode == 0, sent
        listener.line("Hello there")
        herald.receipt_state(url, "n1", "acked")
        shown = run("status", url, "--id", "n1")
        assert shown.returncode == 0 and "acked" in shown.stdout
        assert run("send", url, '{"a": 1}', "--json-message").returncode == 0
        listener.line('"a"')
        assert listener.process.wait(herald.WAIT_SECONDS) == 0


def test_listen_prints_json_for_machines(plain_server, name):
    with Listener(plain_server, "--app", name, "--json", "--count", "1") as listener:
        url = listener.line(r"(http://\S+/notify/[0-9a-f]{64})").group(1)
        herald.notify(url, "x", id="j")
        line = listener.line('"messageId"')
        assert json.loads(line.string)["message"] == "x"


def test_listen_udp(plain_server, name):
    with Listener(plain_server, "--app", name, "--udp", "--bind", "127.0.0.1:0", "--count", "1") as listener:
        url = listener.line(r"(http://\S+/notify/[0-9a-f]{64})").group(1)
        herald.notify(url, "over udp", id="u")
        listener.line("over udp")
        assert listener.process.wait(herald.WAIT_SECONDS) == 0
        herald.receipt_state(url, "u", "acked")


def test_a_second_listen_with_the_same_token_leaves_the_pings_to_the_first(plain_server, name, tmp_path):
    flags = ("--app", name, "--udp", "--bind", "127.0.0.1:0", "--token-file", str(tmp_path / "token"))
    with Listener(plain_server, *flags, "--count", "1") as first:
        url = first.line(r"(http://\S+/notify/[0-9a-f]{64})").group(1)
        second = run("listen", "--server", plain_server.url, *flags)
        assert second.returncode == 2 and second.stdout == "", second
        assert f"uses {tmp_path / 'token'}; stop that one" in second.stderr
        herald.notify(url, "over udp")
        first.line("over udp")


def test_listen_comes_back_after_the_server_was_killed(own_server, name, tmp_path):
    server = own_server()
    with Listener(server, "--app", name, "--token-file", str(tmp_path / "token"), "--count", "2") as listener:
        url = listener.line(r"(http://\S+/notify/[0-9a-f]{64})").group(1)
        herald.notify(url, "one")
        listener.line("one")
        server.restart()
        herald.notify(url, "two")
        listener.line("two")


@pytest.mark.parametrize("flags", [(), ("--webpush",)])
def test_a_second_listen_with_the_same_token_ends_the_first(plain_server, tmp_path, flags):
    token = str(tmp_path / "token")
    with Listener(plain_server, "--token-file", token, *flags) as first:
        first.line(r"http://\S+")
        with Listener(plain_server, "--token-file", token, "--count", "1", *flags) as second:
            second.line(r"http://\S+")
            assert first.process.wait(herald.WAIT_SECONDS) == 1
            assert "another client with the same token took over" in first.process.stderr.read().decode()
            assert second.process.poll() is None, "it keeps the device"


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_keys_and_signed_sends(plain_server, name, tmp_path, kind):
    made = run("keys", "--type", kind, "--out", tmp_path / "sender")
    assert made.returncode == 0, made
    private = [p for p in tmp_path.iterdir() if "PRIVATE KEY" in p.read_text()]
    public = [p for p in tmp_path.iterdir() if "PUBLIC KEY" in p.read_text()]
    assert len(private) == 1 and len(public) == 1
    assert stat.S_IMODE(private[0].stat().st_mode) == 0o600
    again = run("keys", "--type", kind, "--out", tmp_path / "sender")
    assert again.returncode != 0, "an existing key must not be overwritten"
    with Listener(plain_server, "--app", name, "--key", str(public[0]), "--count", "1") as listener:
        url = listener.line(r"(http://\S+/notify/[0-9a-f]{64})").group(1)
        refused = run("send", url, "unsigned")
        assert refused.returncode == 1 and "You must sign" in refused.stderr + refused.stdout
        assert run("send", url, "signed", "--sign", private[0]).returncode == 0
        listener.line("signed")


def test_send_to_nowhere(plain_server):
    refused = run("send", plain_server.url + "/notify/" + "c" * 64, "x")
    assert refused.returncode == 1 and "No valid AppToken" in refused.stderr + refused.stdout
    away = run("send", "http://127.0.0.1:1/notify/" + "c" * 64, "x")
    assert away.returncode == 1 and away.stderr.strip()
    assert run("send", "not a url", "x").returncode == 2


def test_status_of_a_server(plain_server):
    shown = run("status", plain_server.url)
    assert shown.returncode == 0 and "ok" in shown.stdout


def test_check_config_explains_and_the_reference_is_up_to_date(tmp_path):
    config = tmp_path / "herald.toml"
    config.write_text('log_format = "json"\n')
    shown = run("check-config", "--config", config)
    if shown.returncode != 0:
        config.write_text('[log]\nformat = "json"\n')
        shown = run("check-config", "--config", config)
    assert shown.returncode == 0 and "json" in shown.stdout and "herald.toml" in shown.stdout
    reference = run("check-config", "--reference")
    documented = pathlib.Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
    assert reference.stdout == documented.read_text(), "run: build/release/herald check-config --reference > docs/configuration.md"


def test_check_config_reads_the_files_it_names(tmp_path):
    certificate, key = herald.make_certificate(tmp_path)
    tls = ("--tls-certificate", certificate, "--tls-key", key)
    assert run("check-config", *tls).returncode == 0
    key.write_text("no key")
    refused = run("check-config", *tls)
    assert refused.returncode == 2 and "tls_key" in refused.stderr
    missing = run("check-config", "--token-key-file", tmp_path / "none")
    assert missing.returncode == 2 and "token_key_file" in missing.stderr


def test_version_and_unknown_commands():
    assert re.match(r"herald \d+\.\d+\.\d+", run("--version").stdout)
    assert run("juggle").returncode == 2
    assert run().returncode == 2 or "herald serve" in run().stdout
