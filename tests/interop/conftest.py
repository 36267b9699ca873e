"""Servers, senders and authorities for the tests with real clients."""

import pytest

import authority
import clients
import herald


class Authority:
    def __init__(self, folder):
        self.certificate, self.server_certificate, self.server_key = authority.make(folder)

    def flags(self):
        return ["--tls-certificate", str(self.server_certificate), "--tls-key", str(self.server_key)]


@pytest.fixture(scope="session")
def private_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory):
    with herald.Server(tmp_path_factory.mktemp("plain")) as server:
        server.context, server.ca_file = None, None
        yield server


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory, private_authority):
    with herald.Server(tmp_path_factory.mktemp("tls"), *private_authority.flags()) as server:
        server.ca_file = private_authority.certificate
        server.context = herald.client_context(server.ca_file)
        yield server


@pytest.fixture(params=["plain", "tls"])
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(params=["web_push", "pywebpush"])
def sender(request, server):
    return getattr(clients, request.param)(server.ca_file)


@pytest.fixture(scope="session")
def vapid():
    """The application server's key pair."""
    return clients.web_push().keys()
