"""Cuts one process off the broker or the database by a TCP relay, and heals it again."""

import asyncio

import herald
import pytest
from cluster import At, LEASE_S
from herald import Device, eventually, notify


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """A cluster whose WS1, app1 and monitor1 reach broker and database through relays."""
    import cluster as clusters

    one = clusters.Cluster(tmp_path_factory.mktemp("partition"), *clusters.QUICK, front_ends=2, monitors=1, timeout_ms=3000)
    one.relayed = ["WS1", "app1", "monitor1"]
    with one:
        yield one


def component(member, name):
    return herald.get(member.operations + "/status").json["components"][name]["ok"]


async def online(cluster, name, member):
    device = await Device(At(cluster[member])).open()
    return device, await device.register_wa(name)


@pytest.mark.parametrize("part", ["broker", "database"])
@pytest.mark.parametrize("member", ["WS1", "monitor1"])
async def test_what_was_sent_during_a_partition_arrives_after_it(cut_off, name, member, part):
    device, url = await online(cut_off, name, "WS1")
    notify(url, "before")
    assert (await device.notification())["message"] == "before"
    cut_off[member].relays[part].cut()
    try:
        for number in range(10):
            notify(url, f"during {number}")
        await asyncio.sleep(LEASE_S + 1)  # longer than the lease: WS1 counts as gone when it is cut off the database
        assert not device.socket.closed
    finally:
        cut_off[member].relays[part].heal()
    wanted = {f"during {number}" for number in range(10)}
    got = set()
    while not wanted <= got:
        got.add((await device.notification())["message"])
    assert got <= wanted | {"before"}  # whose ack may have been on its way when the store was read
    cut_off.wait_healthy()
    notify(url, "after")
    await device.see("after")
    await device.close()


async def test_an_application_side_that_is_cut_off_the_database_refuses_and_comes_back(cut_off, name):
    device, url = await online(cut_off, name, "WS2")
    cut_off["app1"].relays["database"].cut()
    loop = asyncio.get_running_loop()
    try:
        answer = await loop.run_in_executor(None, lambda: herald.post_json(url, {"message": "perhaps"}))
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0, answer
    finally:
        cut_off["app1"].relays["database"].heal()
    eventually(lambda: component(cut_off["app1"], "store"), "the store is back")
    notify(url, "back")
    await device.see("back")
    await device.close()


async def test_a_server_that_lost_its_id_to_another_process_ends(cut_off, name, tmp_path):
    """Cut off for longer than its lease, its id is taken: it must not go on beside the other one."""
    original = cut_off["WS1"]
    original.relays["database"].cut()
    eventually(lambda: cut_off.lease_lapsed("WS1"), "its lease lapsed")
    other = cut_off.member("WS1")
    other.folder, other.log_path = tmp_path, tmp_path / "server.log"
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, other.start)
    original.relays["database"].heal()
    try:
        assert await loop.run_in_executor(None, original.wait) == 7
        assert "another process has the server id" in original.log()
    finally:
        other.stop()
        original.start()
