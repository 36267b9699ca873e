"""HTTP/1.1 and WebSocket byte by byte: what a polite client never sends."""

import json
import socket
import threading
import urllib.parse

import pytest

import herald
from herald import RawConnection

MASKED_HELLO = '{"data":{},"command":"dance"}'


def alive(server):
    return herald.get(server.url + "/token", context=server.context).status == 200


def test_pipelined_requests_are_answered_in_order(server):
    with RawConnection(server.url, server.context) as raw:
        raw.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n" + "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + "GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [raw.response()[0] for _ in range(3)] == [200, 404, 200]


def test_keep_alive_and_http_1_0(plain_server):
    with RawConnection(plain_server.url) as raw:
        for _ in range(5):
            raw.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")
            assert raw.response()[0] == 200
        raw.send("GET /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert raw.response()[0] == 200
        assert raw.at_end()
    with RawConnection(plain_server.url) as raw:
        raw.send("GET /token HTTP/1.0\r\n\r\n")
        assert raw.response()[0] == 200
        assert raw.at_end()


def test_a_request_in_single_bytes(plain_server):
    with RawConnection(plain_server.url) as raw:
        body = json.dumps({"message": "m"})
        for byte in f"POST /notify/{'a' * 64} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode():
            raw.send(bytes([byte]))
        assert raw.response()[0] == 404


def test_chunked_bodies_and_expect_continue(plain_server):
    with RawConnection(plain_server.url) as raw:
        raw.send(f"POST /notify/{'a' * 64} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 '5\r\n{"mes\r\n9;ext=1\r\nsage":"m"\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n')
        status, _, body = raw.response()
        assert (status, json.loads(body)["reason"]) == (404, "No valid AppToken")
        raw.send(f"POST /notify/{'a' * 64} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n")
        assert raw.response(body=False)[0] == 100
        raw.send('{"message":"m"}')
        assert raw.response()[0] == 404


BAD_REQUESTS = {
    "garbage": (b"\x16\x03\x01garbage\r\n\r\n", {400}),
    "no host": (b"GET /token HTTP/1.1\r\n\r\n", {400}),
    "bad version": (b"GET /token HTTP/3.7\r\nHost: x\r\n\r\n", {400, 505}),
    "space in header name": (b"GET /token HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", {400}),
    "NUL in header": (b"GET /token HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", {400}),
    "folded header": (b"GET /token HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", {400}),
    "two lengths": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", {400}),
    "length and chunked": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "negative length": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n", {400}),
    "huge length": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", {400, 413}),
    "bad chunk": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
    "unknown coding": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", {400, 501}),
    "header too large": (b"GET /token HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n", {431}),
    "target too large": (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414, 431}),
    "body too large": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", {413}),
    "chunked body too large": (b"POST /notify/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n" + b"a" * 70000, {413}),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_bad_requests_get_a_status_and_the_connection_ends(server, case):
    sent, allowed = BAD_REQUESTS[case]
    with RawConnection(server.url, server.context) as raw:
        try:
            raw.send(sent)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert raw.response()[0] in allowed
        assert raw.at_end()
    assert alive(server)


def test_a_body_at_the_limit_is_read(plain_server):
    with RawConnection(plain_server.url) as raw:
        body = b"{" + b" " * 65534 + b"}"
        raw.send(f"POST /notify/{'a' * 64} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        assert raw.response()[0] == 400


@pytest.mark.timing
def test_slow_requests_are_ended(own_server):
    server = own_server("--limits-http-request-timeout-ms", "700")
    with RawConnection(server.url) as raw:
        raw.send("GET /token HT")
        assert raw.response()[0] == 408
        assert raw.at_end()


@pytest.mark.timing
def test_idle_connections_are_ended(own_server):
    server = own_server("--limits-http-idle-timeout-ms", "1000")

    def used():
        """A connection that was answered; none if this machine was too slow to ask in time."""
        raw = RawConnection(server.url)
        try:
            raw.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")
            assert raw.response()[0] == 200
        except (EOFError, OSError):
            raw.socket.close()
            return None
        return raw

    with herald.eventually(used, "an answer") as raw:
        assert raw.at_end()


def test_connections_per_address_are_bounded(own_server):
    server = own_server("--limits-connections-per-address", "5")
    held = [RawConnection(server.url) for _ in range(5)]
    for raw in held:
        raw.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.response()[0] == 200
    one_more = RawConnection(server.url)
    assert one_more.at_end()
    held.pop().socket.close()
    herald.eventually(lambda: served(server), "a place is free again")
    for raw in held:
        raw.socket.close()


def served(server):
    try:
        with RawConnection(server.url) as raw:
            raw.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")
            return raw.response()[0] == 200
    except (EOFError, OSError):
        return False


def test_head_and_unknown_paths(plain_server):
    answer = herald.request("HEAD", plain_server.url + "/token")
    assert answer.status == 200 and answer.body == b""
    assert herald.get(plain_server.url + "/nowhere").status == 404


@pytest.fixture
def upgraded(server):
    with RawConnection(server.url, server.context) as raw:
        status, headers, _ = raw.upgrade()
        assert status == 101
        assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert headers["sec-websocket-protocol"] == "push-notification"
        yield raw


def test_fragmented_messages_with_control_frames_between(upgraded):
    upgraded.send_frame(1, MASKED_HELLO[:5], fin=False)
    upgraded.send_frame(9, "are you there")
    assert upgraded.frame() == (10, b"are you there")
    upgraded.send_frame(0, MASKED_HELLO[5:10], fin=False)
    upgraded.send_frame(10, "unasked pong")
    upgraded.send_frame(0, MASKED_HELLO[10:])
    opcode, payload = upgraded.frame()
    assert opcode == 1 and json.loads(payload) == {"error": "Command not recognized"}


def test_a_message_in_single_bytes(upgraded):
    key = b"\x01\x02\x03\x04"
    text = MASKED_HELLO.encode()
    for byte in bytes([0x81, 0x80 | len(text)]) + key + bytes(b ^ key[i % 4] for i, b in enumerate(text)):
        upgraded.send(bytes([byte]))
    assert json.loads(upgraded.frame()[1]) == {"error": "Command not recognized"}


BAD_FRAMES = {
    "unmasked": (dict(opcode=1, payload="x", mask=False), 1002),
    "reserved bit": (dict(opcode=1, payload="x", rsv=4), 1002),
    "unknown opcode": (dict(opcode=3, payload="x"), 1002),
    "unknown control opcode": (dict(opcode=11, payload="x"), 1002),
    "fragmented ping": (dict(opcode=9, payload="x", fin=False), 1002),
    "long ping": (dict(opcode=9, payload="x" * 126), 1002),
    "continuation of nothing": (dict(opcode=0, payload="x"), 1002),
    "length not minimal": (dict(opcode=1, payload="x", length_bytes=2), 1002),
    "bad utf-8": (dict(opcode=1, payload=b"\xc3\x28"), 1007),
    "surrogate": (dict(opcode=1, payload=b"\xed\xa0\x80"), 1007),
    "close with one byte": (dict(opcode=8, payload=b"\x03"), 1002),
    "close with a code of no meaning": (dict(opcode=8, payload=b"\x03\xed"), 1002),
    "too big": (dict(opcode=1, payload="x" * 20481), 1009),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_bad_frames_end_the_connection_with_the_right_code(server, upgraded, case):
    frame, code = BAD_FRAMES[case]
    upgraded.send_frame(**frame)
    assert upgraded.close_code() == code
    assert alive(server)


def test_a_new_message_inside_a_fragmented_one(upgraded):
    upgraded.send_frame(1, "x", fin=False)
    upgraded.send_frame(1, "y")
    assert upgraded.close_code() == 1002


def test_utf_8_split_across_fragments_is_fine_and_a_bad_one_is_not(server):
    for tail, good in [(b"\xa9", True), (b"\x28", False)]:
        with RawConnection(server.url, server.context) as raw:
            assert raw.upgrade()[0] == 101
            raw.send_frame(1, b'{"command":"\xc3', fin=False)
            raw.send_frame(0, tail + b'"}')
            if good:
                assert json.loads(raw.frame()[1]) == {"error": "Command not recognized"}
            else:
                assert raw.close_code() == 1007


def test_fragments_together_past_the_limit(upgraded):
    upgraded.send_frame(1, "x" * 15000, fin=False)
    upgraded.send_frame(0, "x" * 6000)
    assert upgraded.close_code() == 1009


def test_a_clean_close_is_answered_and_tcp_ends(upgraded):
    upgraded.send_frame(8, (1000).to_bytes(2, "big") + b"bye")
    opcode, payload = upgraded.frame()
    assert opcode == 8 and payload[:2] == (1000).to_bytes(2, "big")
    assert upgraded.at_end()


@pytest.mark.timing
def test_tcp_is_ended_if_the_peer_never_answers_a_close_frame(own_server):
    server = own_server("--limits-close-timeout-ms", "500")
    with RawConnection(server.url) as raw:
        assert raw.upgrade()[0] == 101
        raw.send_frame(1, "{oops")
        raw.frame()
        raw.close_code()
        assert raw.at_end()


@pytest.mark.timing
def test_silent_websockets_are_pinged_and_dropped(own_server):
    interval = ("--limits-websocket-ping-interval-ms", "700")
    with registered(own_server(*interval)) as raw:
        pings = 0
        while pings < 4:
            opcode, payload = raw.frame()
            assert opcode == 9 or (opcode, payload) == (1, b"OK")
            if opcode == 9:
                pings += 1
                raw.send_frame(10, payload)
    # Only read here, so that no pause of this program makes a difference.
    with registered(own_server(*interval, "--limits-websocket-pong-timeout-ms", "300", "--limits-close-timeout-ms", "300")) as raw:
        opcodes = [raw.frame()[0]]
        while opcodes[-1] != 8:
            opcodes.append(raw.frame()[0])
        assert opcodes.count(9) == 1
        assert raw.at_end()


def registered(server):
    """A bare WebSocket of a device; the answer to its registration is yet to be read."""
    token = herald.token(server)
    raw = RawConnection(server.url)
    assert raw.upgrade()[0] == 101
    raw.send_frame(1, json.dumps({"data": {"uatoken": token}, "command": "register/ua"}))
    return raw


@pytest.mark.timing
def test_a_websocket_that_says_nothing_is_ended(own_server):
    server = own_server("--limits-handshake-timeout-ms", "500", "--limits-close-timeout-ms", "300")
    with RawConnection(server.url) as raw:
        assert raw.upgrade()[0] == 101
        raw.close_code()
        assert raw.at_end()


BAD_UPGRADES = {
    "no version": ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", {400, 426}),
    "version 8": ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n", {426}),
    "no key": ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", {400}),
    "short key": ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: YQ==\r\nSec-WebSocket-Version: 13\r\n", {400}),
}


@pytest.mark.parametrize("case", BAD_UPGRADES)
def test_bad_upgrades(plain_server, case):
    lines, allowed = BAD_UPGRADES[case]
    with RawConnection(plain_server.url) as raw:
        raw.send(f"GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: push-notification\r\n{lines}\r\n")
        assert raw.response()[0] in allowed


def test_ipv6(own_server):
    server = own_server(listen=("127.0.0.1:0", "[::1]:0"))
    for url in server.urls:
        assert herald.get(url + "/token").status == 200
    assert any("[::1]" in url for url in server.urls)


def test_old_tls_is_refused_and_1_2_and_1_3_are_served(tls_server):
    import ssl
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    parts = urllib.parse.urlsplit(tls_server.url)
    for version, fine in [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection((parts.hostname, parts.port), timeout=herald.WAIT_SECONDS) as plain:
            try:
                with context.wrap_socket(plain, server_hostname="localhost"):
                    assert fine, version
            except (ssl.SSLError, ConnectionError):
                assert not fine, version


@pytest.mark.parametrize("records, version, who", [("own", "TLSv1_3", "own"), ("own", "TLSv1_2", "openssl"),
                                                   ("openssl", "TLSv1_3", "openssl")])
def test_tls_records(own_server, tmp_path, records, version, who):
    import http.client
    import ssl

    certificate, key = herald.make_certificate(tmp_path)
    server = own_server("--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-records", records,
                        "--log-level", "debug")
    context = ssl._create_unverified_context()
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    parts = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=herald.WAIT_SECONDS, context=context)
    for path in ["/about", "/", "/about"]:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200 and response.read()
    connection.close()
    assert herald.metric(server, "herald_tls_handshakes_total", records=who) >= 1
    assert herald.metric(server, "herald_tls_handshakes_total", records="own" if who == "openssl" else "openssl") == 0
    assert "SECRET" not in server.log().upper()


def test_plain_http_on_a_tls_port_harms_nobody(tls_server):
    with RawConnection(tls_server.url) as raw:
        raw.send("GET /token HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.at_end()
    assert alive(tls_server)


def test_many_threads_of_senders(plain_server):
    failures = []

    def post():
        for _ in range(30):
            answer = herald.post_json(plain_server.url + "/notify/" + "b" * 64, {"message": "m"})
            if answer.status != 404:
                failures.append(answer)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_headers_at_the_limit_are_read_and_one_past_it_are_not(own_server):
    server = own_server("--limits-http-header-max-bytes", "1024")
    for size, status in [(1024, 200), (1025, 431)]:
        head = "GET /token HTTP/1.1\r\nHost: x\r\nA: "
        padding = "a" * (size - len(head) - 4)
        with RawConnection(server.url) as raw:
            raw.send(head + padding + "\r\n\r\n")
            assert raw.response()[0] == status, size
