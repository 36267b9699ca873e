"""What a real replica set does to Herald, on a wire that poses as one: bulks that are cut, members that step down, majorities that stall,
codes and labels, connections that break. Whatever happens, a message that was answered with 200 is stored.

HERALD_DATABASE_FAULTS sets the number of random faults (default 10), each among 50 accepted messages; HERALD_CRASH_SEED the seed,
printed on failure. The database is mongo-java-server, since FerretDB reads whole collections, unless HERALD_TEST_DATABASE names another."""

import asyncio
import collections
import concurrent.futures
import json
import os
import subprocess

import bson
import database
import database_wire
import herald
import pymongo
import pytest
import test_crash
from cluster import QUICK
from database_wire import concern_error, failure

TIMEOUTS = ["--limits-mongodb-start-timeout-ms", "0"]


@pytest.fixture(scope="module")
def real():
    with database.Database(ours=True, kind=os.environ.get("HERALD_TEST_DATABASE") or "java") as it:
        yield it


@pytest.fixture
def wire(real):
    """Makes wires to one database; each test has its own documents in it."""
    made = []

    def make(**how):
        made.append(database_wire.FaultyWire(real.host, **how).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def serve(tmp_path, name):
    """Starts one process that has all roles, on a wire."""
    started = []

    def start(wire, *flags, uri=None):
        server = herald.Server(tmp_path / f"server{len(started)}", *flags_for(uri or wire.uri, name), *flags)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.kill()


def flags_for(uri, name):
    return ["--store", "mongodb", "--mongodb-uri", uri, "--mongodb-database", store_of(name), *TIMEOUTS]


def store_of(name):
    return "herald_" + name[-12:]


def refused_start(folder, uri, name, *flags):
    ended = subprocess.run([herald.need_binary(), "serve", "--data", str(folder), "--listen", "127.0.0.1:0", "--operations-listen",
                            "127.0.0.1:0", *flags_for(uri, name), *flags], capture_output=True, text=True, timeout=300,
                           env=herald.clean_environment())
    return ended.returncode, ended.stderr


async def an_app(server, name):
    device = herald.Device(server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    return url


def post(url, text):
    return herald.request("POST", url, json.dumps({"message": text}))


def post_at_once(url, texts):
    """What each text was answered with."""
    with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
        return dict(zip(texts, pool.map(lambda text: post(url, text), texts), strict=True))


def stored(real, name):
    with pymongo.MongoClient(real.uri) as client:
        return {json.loads(it["body"])["message"] if it["body"].startswith(b"{") else it["body"].decode()
                for it in client[store_of(name)]["messages"].find() if "body" in it}


def batches(server, kind):
    return herald.metric(server, "herald_mongodb_batch_calls_count", kind=kind) or 0


# ---- bulks in several commands

LOSSES = ["kill_before", "lose_reply", "step_down", "step_down_within"]


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_bulk_that_loses_a_part_is_accepted_only_where_it_is_stored(wire, serve, real, name, loss):
    line = wire(members=3, hello={"maxWriteBatchSize": 2})
    server = serve(line)
    url = await an_app(server, name)
    line.inject("hold", "insert", collection="messages")
    line.inject(loss, "insert", collection="messages", skip=2, times=4)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        posts = pool.submit(post_at_once, url, [f"{loss}-{n}" for n in range(31)])
        assert line.held.wait(herald.WAIT_SECONDS)
        line.release()
        answers = posts.result()
    inserts = [it.documents for it in line.commands("insert", "messages")]
    assert max(inserts) == 2, "the bulk was cut below the server's limit"
    assert {answer.status for answer in answers.values()} <= {200, 503}
    accepted = {text for text, answer in answers.items() if answer.status == 200}
    assert accepted <= stored(real, name)
    line.heal()
    herald.eventually(lambda: post(url, "after").status == 200, "it goes on")


# ---- write concern errors

async def test_a_stalled_majority_is_503_also_beside_duplicates(wire, serve, real, name):
    line = wire(members=1)
    server = serve(line)
    url = await an_app(server, name)
    line.inject("amend", "insert", collection="messages", times=2, document=concern_error())
    assert post(url, "stalled").status == 503
    # What the driver, or the sender, sends again is there already, and the majority still has not got it.
    line.inject("amend", "insert", collection="messages", document=concern_error() | {
        "n": 0, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "duplicate key"}]})
    refused = [post(url, f"again-{n}") for n in range(2)]
    assert {it.status for it in refused} == {503} and all(int(it.headers["Retry-After"]) > 0 for it in refused)
    assert len(line.commands("insert", "messages")) == 3, "no batch is asked again for each call alone"
    assert herald.metric(server, "herald_store_errors_total", kind="unavailable") >= 3
    assert post(url, "healed").status == 200


def test_a_stalled_majority_at_the_start_is_no_newer_database(wire, serve, tmp_path, name):
    line = wire(members=1)
    line.inject("amend", "insert", collection="schema", document=concern_error())
    code, error = refused_start(tmp_path, line.uri, name)
    assert code == 4 and "waiting for replication timed out" in error, error
    serve(line)


async def test_the_majoritys_time_ends_before_the_sockets(wire, serve, name):
    line = wire(members=1)
    server = serve(line, "--limits-mongodb-timeout-ms", "2000")
    url = await an_app(server, name)
    line.inject("stall_majority", "insert", collection="messages")
    assert post(url, "stalled").status == 503
    (insert,) = line.commands("insert", "messages")
    assert insert.body["writeConcern"] == {"w": "majority", "j": True, "wtimeout": 1500}
    assert herald.metric(server, "herald_mongodb_batches_repeated_total") in (None, 0), "the connection did not break"


# ---- starts

@pytest.mark.parametrize("options", ["", "?directConnection=true"])
def test_one_member_without_its_set_is_refused(wire, tmp_path, name, options):
    line = wire(members=3)
    code, error = refused_start(tmp_path, f"mongodb://127.0.0.1:{line.ports[1]}/{options}", name)
    assert code == 2 and "add replicaSet=rs0" in error, error


async def test_one_member_with_its_set_finds_the_primary(wire, serve, name):
    line = wire(members=3)
    server = serve(line, uri=f"mongodb://127.0.0.1:{line.ports[1]}/?replicaSet=rs0")
    assert post(await an_app(server, name), "hello").status == 200


def test_an_index_may_take_longer_than_a_call(wire, serve, name):
    line = wire(members=3)
    line.inject("delay", "createIndexes", seconds=1)
    server = serve(line, "--limits-mongodb-timeout-ms", "400")
    assert "building an index" in server.log()
    assert {it.body["commitQuorum"] for it in line.commands("createIndexes")} == {"majority"}


# ---- errors that meet all calls alike

@pytest.mark.parametrize("code", [13, 10107, 64])
async def test_an_error_that_meets_all_calls_is_met_once(wire, serve, name, code):
    line = wire(members=1)
    server = serve(line)
    url = await an_app(server, name)
    line.inject("hold", "insert", collection="messages")
    line.inject("answer", "insert", collection="messages", times=None, document=failure(code))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        posts = pool.submit(post_at_once, url, [f"{code}-{n}" for n in range(16)])
        assert line.held.wait(herald.WAIT_SECONDS)
        line.release()
        statuses = [answer.status for answer in posts.result().values()]
    held = line.commands("insert", "messages")[0].documents
    assert statuses.count(200) == held and statuses.count(503) == 16 - held
    repeated = herald.metric(server, "herald_mongodb_batches_repeated_total") or 0
    assert len(line.commands("insert", "messages")) == batches(server, "put") + repeated


PASSING = [43, 237, 24, 11601, 63, 150, 365, 189, 11602, 91, 112, 14031]


async def test_errors_that_pass_are_503_and_so_are_those_nobody_knows(wire, serve, name):
    line = wire(members=1)
    server = serve(line)
    url = await an_app(server, name)
    unknown = [failure(77777), failure(77778, "", "RetryableWriteError"), failure(251, "NoSuchTransaction", "TransientTransactionError")]
    for reply in [failure(code) for code in PASSING] + unknown:
        line.heal()
        line.inject("answer", "insert", collection="messages", times=None, document=reply)
        refused = post(url, "refused")
        assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0, reply
    line.heal()
    assert post(url, "healed").status == 200


async def test_a_device_stays_through_a_failover(wire, serve, name):
    line = wire(members=3)
    server = serve(line)
    async with herald.Device(server) as device:
        url = await device.register_wa(name)
        for number, fault in enumerate(["step_down", "step_down_within", "lead_nobody"]):
            line.inject(fault, "insert", collection="messages", seconds=0.5)
            herald.eventually(lambda text=f"m{number}": post(url, text).status == 200, "another leads")
            await device.see(f"m{number}")


# ---- what a failover leaves behind

async def test_what_an_old_primary_did_not_know_is_delivered_without_a_reconnect(wire, serve, name):
    line = wire(members=3)
    server = serve(line, "--limits-sweep-interval-ms", "3600000")
    async with herald.Device(server) as device:
        url = await device.register_wa(name)
        # The process is cut off with the old primary, which knows nothing of a message that the others have.
        nothing = {"ok": 1.0, "cursor": {"id": bson.Int64(0), "ns": f"{store_of(name)}.messages", "firstBatch": []}}
        stale = line.inject("answer", "find", collection="messages", document=nothing, where=lambda body: "projection" not in body)
        assert post(url, "unseen").status == 200
        herald.eventually(lambda: stale.hits, "the body was read")
        line.elect(1)
        line.break_connections()
        assert (await device.notification())["message"] == "unseen"


async def test_a_repeat_with_its_key_takes_the_place_of_what_a_503_had_stored(wire, serve, real, name):
    line = wire(members=3)
    server = serve(line, "--limits-sweep-age-ms", "60000")
    async with herald.Device(server) as device:
        url = await device.register_wa(name)
        line.inject("amend", "insert", collection="messages", document=concern_error())
        body = json.dumps({"message": "once", "id": "order-7"})
        assert herald.request("POST", url, body).status == 503
        assert herald.request("POST", url, body).status == 200
        first = await device.notification()
        herald.receipt_state(url, "order-7", "acked")
        with pymongo.MongoClient(real.uri) as client:
            kept = {it["_id"]: it for it in client[store_of(name)]["messages"].find()}
        assert len(kept) == 2 and "acked_at" in kept.pop(first["messageId"])
        assert "replaced_at" in kept.popitem()[1], "what the 503 had stored is never delivered"


# ---- anything, at random

FAULTS = int(os.environ.get("HERALD_DATABASE_FAULTS", "10"))
MESSAGES_PER_FAULT = 50
CHANGES = ["insert", "update", "findAndModify", "delete"]
ANY = [*CHANGES, "find", "aggregate", ""]


KINDS = ["kill_before", "lose_reply", "amend", "carry_out_and_answer", "answer", "step_down", "step_down_within", "lead_nobody",
         "late_reply", "delay", "stall_majority", "break_connections", "duplicates"]


def random_fault(line, dice):
    """Injects one, and answers its name."""
    kind = dice.choice(KINDS)
    if kind == "break_connections":
        line.break_connections()
        return kind
    how = {"skip": dice.randrange(6), "times": dice.randint(1, 3), "seconds": dice.uniform(0.05, 0.5)}
    command = dice.choice(ANY)
    if kind in ("amend", "stall_majority"):
        command, how["times"], how["document"] = dice.choice(CHANGES), 1, concern_error()
    if kind == "duplicates":  # what the first attempt stored, and a majority that has not got the rest
        errors = [{"index": 0, "code": 11000, "errmsg": "duplicate key"}]
        line.inject("amend", "insert", document=concern_error() | {"writeErrors": errors}, skip=how["skip"])
        return kind
    if kind == "answer":
        how["document"] = failure(dice.choice([*PASSING, 10107, 77777]))
    if kind == "carry_out_and_answer":
        command, how["document"] = dice.choice(CHANGES), failure(dice.choice([91, 189, 11602]))
    line.inject(kind, command, **how)
    return kind


def test_no_random_fault_loses_an_accepted_message(wire, serve, monkeypatch, name):
    for setting, value in {"DEVICES": 1, "SENDERS": 24, "BEHIND_MAX": 400, "CLOCK_SLACK_S": 1.5, "SILENCE_S": 10}.items():
        monkeypatch.setattr(test_crash, setting, value)
    line = wire(members=3, hello={"maxWriteBatchSize": 4})
    server = serve(line, *QUICK, "--limits-mongodb-timeout-ms", "3000")
    injected = collections.Counter()

    def fault(dice):
        injected[random_fault(line, dice)] += 1

    book = asyncio.run(test_crash.under_load(server, FAULTS, fault, pause_s=(0, 0.1), settle_s=300,
                                             messages=MESSAGES_PER_FAULT * FAULTS))
    print(f"{dict(injected)}, {len(book.refused)} refused")
    assert max(it.documents for it in line.commands("insert", "messages")) == 4, "bulks were cut"
    assert len(book.accepted) >= MESSAGES_PER_FAULT * FAULTS
