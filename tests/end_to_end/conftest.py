"""Shared servers: one plain and one TLS for the whole run; tests that need their own start one in a temporary folder."""

import pytest

import herald


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory):
    with herald.Server(tmp_path_factory.mktemp("plain")) as server:
        server.context = None
        yield server


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = herald.make_certificate(folder)
    flags = ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    with herald.Server(folder, *flags) as server:
        server.context = herald.client_context(certificate)
        yield server


@pytest.fixture(params=["plain", "tls"])
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def own_server(tmp_path):
    """Starts a server with the flags given; it is ended after the test."""
    started = []

    def start(*flags, **more):
        new = herald.Server(tmp_path / f"server{len(started)}", *flags, **more)
        new.context = None
        started.append(new)
        return new.start()

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def name(request):
    """A WA token that no other test uses."""
    import uuid

    return f"{request.node.name}-{uuid.uuid4().hex}"
