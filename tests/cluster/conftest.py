"""Clusters of separate processes, on a real broker and a real database."""

import pathlib
import sys

import pytest

for suite in ("faults", "end_to_end"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / suite))

import cluster as clusters  # noqa: E402
import herald  # noqa: E402
from fixtures import name  # noqa: E402, F401

herald.PATIENT = True


@pytest.fixture(scope="session")
def classic_cluster(tmp_path_factory):
    """Two of each role that may be there twice, on ActiveMQ Classic. Tests leave it whole."""
    with clusters.Cluster(tmp_path_factory.mktemp("classic"), *clusters.QUICK, wakers=2, monitors=2, managers=2,
                          app_servers=2, broker="classic") as one:
        yield one


@pytest.fixture
def whole(classic_cluster):
    """The shared cluster, with everything running again when the test ends."""
    classic_cluster.wait_healthy()
    yield classic_cluster
    classic_cluster.revive()


@pytest.fixture
def own_cluster(tmp_path):
    """Starts a cluster with the arguments given; it is killed after the test."""
    started = []

    def start(*flags, **more):
        started.append(clusters.Cluster(tmp_path / f"cluster{len(started)}", *clusters.QUICK, *flags, **more))
        return started[-1]

    yield start
    for one in started:
        one.kill()
