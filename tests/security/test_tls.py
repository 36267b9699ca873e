"""TLS for strangers: which suites of TLS 1.2 are spoken, and how long records that say nothing are taken."""

import socket
import ssl
import struct
import urllib.parse

import herald
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

MODERN = {f"ECDHE-{kind}-{suite}" for kind in ("RSA", "ECDSA")
          for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")}


@pytest.fixture(scope="module", params=["rsa:2048", "ec"])
def tls_server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = herald.make_certificate(folder, kind=request.param)
    with herald.Server(folder, "--tls-certificate", str(certificate), "--tls-key", str(key)) as server:
        yield server


def strange_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def place_of(server):
    parts = urllib.parse.urlsplit(server.url)
    return parts.hostname, parts.port


def test_tls_1_2_speaks_modern_suites_only(tls_server):
    context = strange_context()
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    names = [c["name"] for c in context.get_ciphers() if c["protocol"] not in ("TLSv1.3",)]
    assert len(names) > 50 and "AES128-SHA" in names
    spoken = set()
    for name in names:
        context.set_ciphers(name + ":@SECLEVEL=0")
        try:
            with socket.create_connection(place_of(tls_server), timeout=herald.WAIT_SECONDS) as plain:
                with context.wrap_socket(plain) as one:
                    spoken.add(one.cipher()[0])
        except (ssl.SSLError, ConnectionError):
            pass
    assert spoken and spoken <= MODERN, spoken - MODERN


class RecordClient:
    """Makes records of TLS 1.3 by hand, after a handshake of OpenSSL's, whose secrets it reads from a key log."""

    def __init__(self, server, log):
        context = strange_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.keylog_filename = str(log)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = session = context.wrap_bio(self.incoming, self.outgoing)
        self.socket = socket.create_connection(place_of(server), timeout=herald.WAIT_SECONDS)
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                self.incoming.write(self.socket.recv(65536))
        self.socket.sendall(self.outgoing.read())
        assert session.cipher()[0] == "TLS_AES_256_GCM_SHA384"
        secret = next(line.split()[2] for line in log.read_text().splitlines() if line.startswith("CLIENT_TRAFFIC_SECRET_0"))
        self.key = self.expand(bytes.fromhex(secret), b"key", 32)
        self.nonce = int.from_bytes(self.expand(bytes.fromhex(secret), b"iv", 12), "big")
        self.records = 0

    @staticmethod
    def expand(secret, label, size):
        """HKDF-Expand-Label, RFC 8446 §7.1."""
        label = b"tls13 " + label
        info = struct.pack(">HB", size, len(label)) + label + b"\0"
        return HKDFExpand(SHA384(), size, info).derive(secret)

    def send(self, kind, content):
        inner = content + bytes([kind])
        header = b"\x17\x03\x03" + struct.pack(">H", len(inner) + 16)
        sealed = AESGCM(self.key).encrypt((self.nonce ^ self.records).to_bytes(12, "big"), inner, header)
        self.records += 1
        self.socket.sendall(header + sealed)

    def read(self):
        """Some of the application data that the server sends; empty at its end."""
        while True:
            try:
                return self.session.read(65536)
            except ssl.SSLWantReadError:
                try:
                    more = self.socket.recv(65536)
                except ConnectionError:
                    more = b""
                if not more:
                    return b""
                self.incoming.write(more)
            except ssl.SSLError:
                return b""


DATA, ALERT = 23, 21


@pytest.mark.parametrize("kind, content, most", [(DATA, b"", 32), (ALERT, b"\x01\x5a", 4)], ids=["empty", "user_canceled"])
def test_records_that_say_nothing_end_the_connection(tls_server, tmp_path, kind, content, most):
    client = RecordClient(tls_server, tmp_path / "keys")
    for _ in range(most):
        client.send(kind, content)
    client.send(DATA, b"GET /status HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.read().startswith(b"HTTP/1.1 200"), "it is served at the limit"
    try:
        for _ in range(most + 1):
            client.send(kind, content)
        client.send(DATA, b"GET /status HTTP/1.1\r\nHost: h\r\n\r\n")
    except ConnectionError:
        return
    while answer := client.read():
        assert not answer.startswith(b"HTTP/1.1"), "it is not served past the limit"
