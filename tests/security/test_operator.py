"""A web page on the operator's machine reaches the operations listener; it must neither read nor change anything."""

import http.client
import os
import socket
import stat
import urllib.parse

import herald
import pytest


def ask(server, method, path, host, body=None, **headers):
    parts = urllib.parse.urlsplit(server.operations)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=herald.WAIT_SECONDS)
    connection.request(method, path, body=body, headers={"Host": host, **headers})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example:80"])
def test_a_page_that_rebinds_its_name_is_refused(server, host):
    for method, path in [("GET", "/metrics"), ("GET", "/status"), ("GET", "/broadcasts"), ("PUT", "/broadcasts/b"),
                         ("DELETE", "/broadcasts/b")]:
        answer = ask(server, method, path, host, body="1" if method == "PUT" else None, **server.operator)
        assert answer.status == 421 and "operations.hosts" in answer.text, (method, path)
    assert herald.get(server.operations + "/broadcasts").json == {}


def test_names_that_no_page_can_have_and_those_of_the_operator_are_answered(own_server):
    server = own_server("--operations-hosts", "Herald.ops.example.com")
    for host in ["127.0.0.1", "localhost:9090", "[::1]:9090", "10.0.0.1", "herald", "herald.ops.example.com:9090"]:
        assert ask(server, "GET", "/status", host).status == 200, host
    assert ask(server, "GET", "/status", "other.ops.example.com").status == 421


def test_a_change_needs_the_secret(server):
    url = server.operations + "/broadcasts/b"
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        for method in ("PUT", "DELETE"):
            answer = herald.request(method, url, "1", headers=headers)
            assert answer.status == 401 and "operations.secret" in answer.text
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert herald.request("PUT", url, "1", headers=server.operator).status == 204
    assert herald.request("DELETE", url, headers=server.operator).status == 204


def test_the_secret_is_the_file_that_the_operator_names(own_server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    refused = herald.Server(tmp_path / "refused", "--operations-secret-file", str(secret))
    with pytest.raises(AssertionError, match="at least 16"):
        refused.start()
    secret.write_text("correct-horse-battery\n")
    secret.chmod(0o600)
    server = own_server("--operations-secret-file", str(secret))
    assert not (server.folder / "data" / "operations.secret").exists()
    url = server.operations + "/broadcasts/b"
    assert herald.request("PUT", url, "1", headers={"Authorization": "Bearer correct-horse-batter"}).status == 401
    assert herald.request("PUT", url, "1", headers={"Authorization": "Bearer correct-horse-battery"}).status == 204


def test_without_a_secret_nothing_can_be_changed(own_server):
    server = own_server("--store", "memory")
    answer = herald.request("PUT", server.operations + "/broadcasts/b", "1", headers={"Authorization": "Bearer "})
    assert answer.status == 403 and "operations.secret_file" in answer.text


def test_the_unix_socket_is_for_the_operator_alone(own_server, tmp_path):
    path = tmp_path / "operations.sock"

    def ask_socket(method, target, body=b""):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(herald.WAIT_SECONDS)
            client.connect(str(path))
            client.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = b""
            while more := client.recv(65536):
                answer += more
            return int(answer.split()[1])

    before = os.umask(0)
    try:
        server = own_server("--operations-socket", str(path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ask_socket("GET", "/metrics") == 200
    assert ask_socket("PUT", "/broadcasts/b", b"1") == 204
    second = herald.Server(tmp_path / "second", "--operations-socket", str(path))
    with pytest.raises(AssertionError, match="another server listens there"):
        second.start()
    server.restart()
    assert ask_socket("GET", "/status") == 200, "the file of a killed server makes room"
    server.stop()
    assert not path.exists()
