"""Fixtures of several suites; their conftest.py imports them."""

import uuid

import pytest

import herald


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
    return f"{request.node.name}-{uuid.uuid4().hex}"
