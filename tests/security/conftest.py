"""A server for each test that asks for one, and one for all others; all on loopback."""

import pytest

import herald
from fixtures import name, own_server  # noqa: F401


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with herald.Server(tmp_path_factory.mktemp("security")) as one:
        one.context = None
        yield one
