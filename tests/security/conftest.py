"""A server for each test that asks for one, and one for all others; all on loopback."""

import uuid

import pytest

import herald


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with herald.Server(tmp_path_factory.mktemp("security")) as one:
        one.context = None
        yield one


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
    for one in started:
        one.kill()


@pytest.fixture
def name(request):
    """A WA token that no other test uses."""
    return f"{request.node.name}-{uuid.uuid4().hex}"
