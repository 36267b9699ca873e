"""Mixed versions in one cluster: what an older process wrote is read, what a newer one wrote is read as far as it can be,
and holds up nothing where it can't. docs/queues.md and docs/mongodb.md say what may change under which version."""

import contextlib

import herald
from cluster import At
from herald import Device, eventually, notify


async def online(cluster, name):
    device = await Device(At(cluster["WS1"])).open()
    return device, await device.register_wa(name)


def taken_from_new_messages(cluster, count):
    with contextlib.closing(cluster.broker.connection()) as connection:
        receiver = connection.create_receiver("newMessages")
        bodies = []
        for _ in range(count):
            bodies.append(bytes(receiver.receive(timeout=herald.WAIT_SECONDS).body))
            receiver.accept()
        return bodies


def put_on_new_messages(cluster, *bodies):
    from proton import Message

    with contextlib.closing(cluster.broker.connection()) as connection:
        sender = connection.create_sender("newMessages")
        for body in bodies:
            sender.send(Message(body=body, inferred=True))


async def test_documents_of_an_older_version_are_read(whole, name):
    """They lack the version, what has a meaning when it is missing, and have a field that went out of use."""
    device, url = await online(whole, name)
    await device.close()
    notify(url, "older", id="o")
    eventually(lambda: herald.receipt(url, "o").json["deliveries"], "routed")
    with whole.documents() as database:
        app = url.rsplit("/", 1)[1]
        message = database["messages"].find_one({"app": app})
        ua = database["deliveries"].find_one({"app": app})["ua"]
        # An older version kept the node of a device that is nowhere.
        eventually(lambda: database["nodes"].find_one({"_id": ua}) is None, "the node goes with its device")
        database["nodes"].insert_one({"_id": ua, "kind": 0, "server": "", "shard": 0, "connection": 0, "out_of_use": 1})
        for collection, wanted in (("messages", {"app": app}), ("deliveries", {"app": app}), ("apps", {"_id": app}),
                                   ("registrations", {"app": app})):
            changed = database[collection].update_many(wanted, {"$unset": {"v": ""}, "$set": {"out_of_use": 1}})
            assert changed.matched_count == 1, collection
        assert "v" not in database["messages"].find_one({"_id": message["_id"]})
    async with Device(At(whole["WS2"]), device.uatoken) as again:
        assert (await again.notification())["message"] == "older"
        herald.receipt_state(url, "o", "acked")
        notify(url, "after")
        assert (await again.notification())["message"] == "after"


async def test_documents_of_a_newer_version_wait_for_a_process_that_knows_it_and_hold_up_nothing(whole, name):
    device, url = await online(whole, name)
    await device.close()
    for text in ("known 1", "newer", "known 2"):
        notify(url, text, id=text)
        eventually(lambda: herald.receipt(url, text).json["deliveries"], "routed")
    app = url.rsplit("/", 1)[1]
    with whole.documents() as database:
        newer = database["messages"].find_one({"app": app, "slot": f"{app}:newer"})
        database["messages"].update_one({"_id": newer["_id"]}, {"$set": {"v": 2}})
        async with Device(At(whole["WS1"]), device.uatoken) as again:
            assert [(await again.notification())["message"] for _ in range(2)] == ["known 1", "known 2"]
            herald.receipt_state(url, "known 2", "acked")
            notify(url, "next")
            assert (await again.notification())["message"] == "next"
        assert "document left alone" in whole["WS1"].log() and "which a newer herald wrote" in whole["WS1"].log()
        assert herald.metric(whole["WS1"], "herald_store_errors_total", kind="corrupt") >= 1
        # As a process that knows version 2 would find it: as it was.
        assert database["messages"].find_one({"_id": newer["_id"]}) == {**newer, "v": 2}
        database["messages"].update_one({"_id": newer["_id"]}, {"$set": {"v": 1}})
    async with Device(At(whole["WS2"]), device.uatoken) as later:
        assert (await later.notification())["message"] == "newer"


async def test_one_unreadable_message_holds_up_no_routing(whole, name):
    """The monitors meet it again and again by the sweep, and route the others meanwhile."""
    device, url = await online(whole, name)
    for monitor in ("monitor1", "monitor2"):
        whole[monitor].kill()
    for text in ("before", "newer", "behind"):
        notify(url, text, id=text)
    app = url.rsplit("/", 1)[1]
    with whole.documents() as database:
        database["messages"].update_one({"slot": f"{app}:newer"}, {"$set": {"v": 2}})
        whole.revive()
        await device.see("before", "behind")
        for number in range(5):
            notify(url, f"on {number}")
            await device.see(f"on {number}")
        database["messages"].update_one({"slot": f"{app}:newer"}, {"$set": {"v": 1}})
    await device.see("newer")
    await device.close()


async def test_a_newer_database_is_left_alone_by_a_process_that_starts(whole, tmp_path):
    with whole.documents() as database:
        database["schema"].update_one({"_id": "herald"}, {"$set": {"v": 2}})
        try:
            late = whole.member("monitor9")
            late.folder, late.log_path = tmp_path, tmp_path / "server.log"
            try:
                late.start()
            except AssertionError:
                pass
            assert late.wait() == 6 and "schema version 2, this herald knows version 1" in late.log()
        finally:
            database["schema"].update_one({"_id": "herald"}, {"$set": {"v": 1}})
    whole.wait_healthy()


async def test_envelopes_of_newer_and_unknown_versions(whole, name):
    """With more fields under the same version it is read; of another version it is counted and dropped, and the message comes
    by the sweep."""
    device, url = await online(whole, name)
    for monitor in ("monitor1", "monitor2"):
        whole[monitor].kill()
    for text in ("more fields", "unknown version"):
        notify(url, text)
    more, unknown = taken_from_new_messages(whole, 2)
    size = int.from_bytes(more[2:4], "big")
    assert more[:2] == b"N\x01" and size == 57, "as docs/queues.md has it"
    newer = more[:2] + (size + 7).to_bytes(2, "big") + more[4:] + b"a field" + b"and a list"
    put_on_new_messages(whole, newer, unknown[:1] + b"\x02" + unknown[2:], b"no envelope")
    whole.revive()
    await device.see("more fields", "unknown version")

    def damaged():
        return sum(herald.metric(whole[monitor], "herald_damaged_envelopes_total") for monitor in ("monitor1", "monitor2"))

    eventually(lambda: damaged() == 2, "two of three could not be read")
    assert "a version this program does not read" in whole["monitor1"].log() + whole["monitor2"].log()
    await device.close()
