"""A rolling restart as docs/operating.md tells: each process of a running cluster is ended politely and started again, one after
the other, under load."""

import asyncio

import test_crash as faults

ORDER = ["monitor1", "monitor2", "manager1", "manager2", "WS1", "WS2", "UDP1", "UDP2", "app1", "app2"]

# The clients and a dozen processes share the processors: a message may be sent in time and seen later.
faults.CLOCK_SLACK_S = 1.5
faults.SILENCE_S = 10


def test_a_rolling_restart_refuses_nobody_and_loses_nothing(own_cluster):
    cluster = own_cluster(wakers=2, monitors=2, managers=2, app_servers=2, broker="classic").start()
    left = list(ORDER)

    def restart(_):
        member = cluster[left.pop(0)]
        member.stop()  # its exit code must be 0
        said = member.log()
        assert "drained in_time=true" in said or "took too long" in said, f"{member.name}: {said[-2000:]}"
        member.start()
        cluster.wait_healthy()

    book = asyncio.run(faults.under_load(cluster, len(ORDER), restart, settle_s=120, sender_rests_s=0.5))
    assert not left
    # A database that can't keep up is a reason of its own, which has nothing to do with the restarts; each call says so.
    slow = sum(cluster[app].log().count("call=put kind=unavailable") for app in ("app1", "app2"))
    assert len(book.refused) <= slow * faults.SENDERS, f"of {len(book.accepted)} POSTs {book.refused[:5]} were refused"
    assert not book.unanswered, f"of {len(book.accepted)} POSTs {book.unanswered[:5]} were not answered"
    cluster.stop()
