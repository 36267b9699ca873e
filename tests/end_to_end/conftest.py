"""Shared servers: one plain and one TLS for the whole run; tests that need their own start one in a temporary folder.

HERALD_CLUSTER=artemis, =classic or =rabbitmq puts a cluster of separate processes behind the plain one, and leaves out what asks for a server of its own,
speaks TLS to it, or looks into one process."""

import os

import pytest

import herald
from fixtures import name, own_server  # noqa: F401

CLUSTER = os.environ.get("HERALD_CLUSTER")


def fits_a_cluster(item):
    if {"own_server", "tls_server"} & set(item.fixturenames) or item.get_closest_marker("one_process"):
        return False
    return not hasattr(item, "callspec") or item.callspec.params.get("server") != "tls"


def pytest_collection_modifyitems(config, items):
    if not CLUSTER:
        return
    config.hook.pytest_deselected(items=[item for item in items if not fits_a_cluster(item)])
    items[:] = [item for item in items if fits_a_cluster(item)]


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory):
    if CLUSTER:
        import cluster

        with cluster.Cluster(tmp_path_factory.mktemp("cluster"), "--limits-sweep-interval-ms", "500", broker=CLUSTER) as one:
            yield one
        return
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
