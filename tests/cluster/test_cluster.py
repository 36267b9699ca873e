"""What only separate processes have: queues and collections that one can look into, leases, roles that come and go."""

import asyncio
import contextlib
import os
import signal
import socket

import herald
import pytest
from cluster import At, LEASE_S
from herald import Device, eventually, notify


async def register(cluster, name, server=None):
    """A connected device and its notify URL; `server`: the WebSocket server it connects to."""
    device = Device(server or cluster)
    await device.open()
    return device, await device.register_wa(name)


def status(member):
    return herald.get(member.operations + "/status").json


def queued(cluster, queue):
    """How many envelopes the broker holds in that queue."""
    return cluster.broker.queues().get(queue, {"messages": 0})["messages"]


@contextlib.contextmanager
def stopped_with_an_envelope(cluster, url):
    """WS1 stands still, and an envelope of the message whose text is given waits for it. If this machine was so slow that WS1's
    lease lapsed before the monitor looked, nobody waits for it there: then once more."""
    process = cluster["WS1"].process
    for number in range(10):
        cluster.wait_healthy()
        text = f"to WS1, {number}"
        os.kill(process.pid, signal.SIGSTOP)
        try:
            notify(url, text)
            eventually(lambda: queued(cluster, "WS1") or cluster.lease_lapsed("WS1"), "an envelope on WS1")
            if queued(cluster, "WS1"):
                yield text
                return
        finally:
            os.kill(process.pid, signal.SIGCONT)
    raise AssertionError("WS1's lease lapsed each time")


async def test_s11_a_message_is_stored_then_its_id_is_put_on_new_messages(whole, name):
    device, url = await register(whole, name)
    await device.close()
    for monitor in ("monitor1", "monitor2"):
        whole[monitor].stop()
    before = whole.collections()["messages"]
    notify(url, "store, then queue")
    assert whole.collections()["messages"] == before + 1
    eventually(lambda: queued(whole, "newMessages") == 1, "an id on newMessages")
    whole.revive()
    eventually(lambda: queued(whole, "newMessages") == 0, "the monitor takes the id")
    async with Device(whole, device.uatoken) as again:
        assert (await again.notification())["message"] == "store, then queue"


async def test_s12_the_monitor_puts_the_id_on_the_queue_of_the_server_that_holds_the_device(whole, name):
    device, url = await register(whole, name, At(whole["WS1"]))
    with stopped_with_an_envelope(whole, url) as text:
        pass
    await device.see(text)
    await device.close()


async def test_s13_every_queue_and_collection_has_its_name(whole, name):
    queues = whole.broker.queues()
    assert {"newMessages", "deliveries", "WS1", "WS2", "UDP1", "UDP2"} <= set(queues), queues
    assert queues["newMessages"]["consumers"] == 2 and queues["deliveries"]["consumers"] == 2, "they compete"
    assert {"messages", "apps", "nodes", "deliveries"} <= set(whole.collections())


async def test_a_notification_walks_through_five_processes_each_killed_once_in_between(whole, name):
    device, url = await register(whole, name, At(whole["WS1"]))
    for victim in ("app1", "app2", "monitor1", "manager1", "UDP1", "WS1"):
        whole[victim].restart()
        if victim == "WS1":
            await device.closed()
            device = await Device(whole, device.uatoken).open()
        notify(url, f"after {victim}", id=victim)
        await device.see(f"after {victim}")
        herald.receipt_state(url, victim, "acked")
    await device.close()


async def test_a_device_that_moves_to_another_server_is_served_there_and_let_go_here(whole, name):
    old, url = await register(whole, name, At(whole["WS1"]))
    new = await Device(At(whole["WS2"]), old.uatoken).open()
    assert await old.closed() == 1000
    notify(url, "there")
    assert (await new.notification())["message"] == "there"
    await new.close()


async def test_two_processes_cannot_have_one_server_id(whole, tmp_path):
    twin = whole.member("WS1")
    twin.folder, twin.log_path = tmp_path, tmp_path / "server.log"
    with pytest.raises(AssertionError, match="server id WS1 is held by another running herald"):
        twin.start()
    assert twin.process.returncode == 7
    assert status(whole["WS1"])["status"] == "ok"


async def test_status_says_what_a_process_is(whole):
    said = status(whole["WS2"])
    assert said["roles"] == "user_agent_ws" and said["server"] == "WS2", said
    assert set(said["components"]) == {"lease", "queue", "store"}, said
    assert all(part["ok"] for part in said["components"].values())
    said = status(whole["monitor1"])
    assert said["roles"] == "monitor" and set(said["components"]) == {"queue", "store"}, said
    assert whole["monitor1"].url is None


async def test_the_devices_of_a_dead_server_are_disconnected_and_their_messages_wait(whole, name):
    device, url = await register(whole, name, At(whole["WS2"]))
    whole["WS2"].kill()
    eventually(lambda: whole.lease_lapsed("WS2"), "its lease lapsed")
    before = queued(whole, "WS2")
    notify(url, "wait for me", id="w")
    eventually(lambda: herald.receipt(url, "w").json["routed"], "routed")
    assert queued(whole, "WS2") == before, "nothing for a dead server"
    async with Device(At(whole["WS1"]), device.uatoken) as again:
        assert (await again.notification())["message"] == "wait for me"
    herald.receipt_state(url, "w", "acked")


async def test_a_device_that_can_be_woken_is_handed_to_a_wake_up_server_when_its_server_dies(whole, name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sleeper:
        sleeper.bind(("127.0.0.1", 0))
        sleeper.settimeout(herald.WAIT_SECONDS)
        device = await Device(At(whole["WS2"])).open(register=False)
        url = await device.register_wa(name)
        await device.register_ua(ip="127.0.0.1", port=str(sleeper.getsockname()[1]))
        device = await Device(At(whole["WS2"]), device.uatoken).open()  # awake again; the interface stays
        whole["WS2"].kill()
        eventually(lambda: whole.lease_lapsed("WS2"), "its lease lapsed")
        notify(url, "wake up", id="w")
        loop = asyncio.get_running_loop()
        ping = await loop.run_in_executor(None, sleeper.recv, 2048)
        assert ping.startswith(b"NOTIFY ")
        pulled = herald.get(whole.url + "/pull", headers={"Authorization": "Bearer " + device.uatoken}).json
        assert [one["message"] for one in pulled] == ["wake up"]


async def test_the_sleepers_of_a_dead_wake_up_server_are_woken_by_another(whole, name):
    sleepers = []
    for number in range(6):
        sleeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sleeper.bind(("127.0.0.1", 0))
        device = await Device(whole).open(register=False)
        url = await device.register_wa(f"{name}{number}")
        await device.register_ua(ip="127.0.0.1", port=str(sleeper.getsockname()[1]))
        sleepers.append((sleeper, url))
    whole["UDP1"].kill()
    eventually(lambda: whole.lease_lapsed("UDP1"), "its lease lapsed")
    loop = asyncio.get_running_loop()
    for sleeper, url in sleepers:
        notify(url, "wake up")
    for sleeper, _ in sleepers:
        sleeper.settimeout(herald.WAIT_SECONDS)
        assert (await loop.run_in_executor(None, sleeper.recv, 2048)).startswith(b"NOTIFY ")
        sleeper.close()


async def test_a_drained_server_gives_its_id_back_at_once(whole, name):
    whole["WS2"].stop()
    with whole.documents() as database:
        assert database["servers"].find_one({"_id": "WS2"}) is None, "a lease to wait for"
    whole["WS2"].start()
    whole.wait_healthy()


async def test_without_the_database_senders_are_told_to_come_again_and_devices_stay(whole, name):
    device, url = await register(whole, name, At(whole["WS1"]))
    whole.database.kill()
    answer = herald.post_json(url, {"message": "not now"})
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0, answer
    eventually(lambda: not status(whole["app1"])["components"]["store"]["ok"], "the store is away")
    await asyncio.sleep(LEASE_S + 1)  # longer than the lease
    assert not device.socket.closed
    whole.database.start()
    whole.wait_healthy()
    notify(url, "back")
    await device.see("back")
    await device.close()


async def test_what_all_devices_acked_ends_although_database_and_managers_died_meanwhile(whole, name):
    """Whichever step of recording the acks they died at: the broker has the envelopes until all steps are done."""
    devices = [await Device(whole).open() for _ in range(3)]
    urls = {await device.register_wa(name) for device in devices}
    texts = [str(number) for number in range(40)]
    for text in texts:
        notify(*urls, text)
    acks = asyncio.gather(*(device.see(*texts) for device in devices))
    loop = asyncio.get_running_loop()
    for part in (whole["manager1"], whole.database, whole["manager2"], whole.database):
        await loop.run_in_executor(None, part.kill)
        await loop.run_in_executor(None, part.start)
    await acks
    (app,) = {url.rsplit("/", 1)[1] for url in urls}
    with whole.documents() as database:
        outstanding = {"app": app, "open": True}
        eventually(lambda: database["messages"].count_documents(outstanding) == 0, "what all acked has ended")
        assert database["messages"].count_documents({"app": app, "acked_at": {"$exists": True}}) == len(texts)
    for device in devices:
        await device.close()


async def test_without_the_broker_messages_are_accepted_and_come_late(whole, name):
    device, url = await register(whole, name, At(whole["WS1"]))
    whole.broker.kill()
    eventually(lambda: not status(whole["WS1"])["components"]["queue"]["ok"], "the broker is away")
    for number in range(20):
        notify(url, f"late {number}")
    whole.broker.start()
    await device.see(*(f"late {number}" for number in range(20)))
    whole.wait_healthy()
    await device.close()


async def test_what_the_broker_lost_is_found_in_the_store(whole, name):
    """An envelope that the broker took and lost: the message counts as routed, and nobody tells the server again."""
    device, url = await register(whole, name, At(whole["WS1"]))
    with stopped_with_an_envelope(whole, url) as text:
        whole.broker.kill()
    whole.broker.start()
    await device.see(text)
    await device.close()
