"""Kills -9 whatever a cluster consists of at random moments under load, and checks the promises of a notification's life
as tests/faults/test_crash.py tells them.

HERALD_CLUSTER_CRASH_ROUNDS sets the number of kills (default 24), HERALD_CRASH_SEED the seed, printed on failure."""

import asyncio
import collections
import os

import pytest
import test_crash as faults

ROUNDS = int(os.environ.get("HERALD_CLUSTER_CRASH_ROUNDS", "24"))
# The database and the broker take seconds to come back, in which little else can be learnt.
WEIGHTS = {"WS1": 4, "WS2": 4, "app1": 2, "UDP1": 1, "monitor1": 4, "monitor2": 4, "manager1": 3, "broker": 1, "database": 1}


# The clients, a gateway and nine processes share the processors: a message may be sent in time and seen later.
faults.CLOCK_SLACK_S = 1.5
faults.SILENCE_S = 10
# The database may be FerretDB, which reads whole collections: what gathers there while it is killed and slow must stay little.
faults.BEHIND_MAX = 50


def start_again(member):
    """As systemd does: a process that found no database for as long as it was to wait is started once more."""
    member.kill()
    for _ in range(5):
        try:
            return member.start()
        except AssertionError:
            if member.process.returncode != 4:
                raise
    raise AssertionError(f"{member.name} finds no database: {member.log()[-2000:]}")


@pytest.mark.parametrize("database", [None, "java"], ids=["default", "java"])
def test_kill_9_of_anything_loses_nothing(own_cluster, database):
    cluster = own_cluster(monitors=2, broker="artemis", database=database).start()
    killed = collections.Counter()

    def fault(dice):
        victim = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        killed[victim] += 1
        if victim in ("broker", "database"):
            part = getattr(cluster, victim)
            part.kill()
            part.start()
        else:
            start_again(cluster[victim])

    try:
        asyncio.run(faults.under_load(cluster, ROUNDS, fault, settle_s=300))
    finally:
        print(f"killed {dict(killed)}")
    cluster.wait_healthy()
    cluster.stop()
