"""`herald serve --store mongodb` on a real database: the life of a notification, and what happens when the database goes
and comes back. The store's contract suites and tests/end_to_end say the rest; here is what only this adapter can break."""

import asyncio
import contextlib
import json
import signal
import subprocess
import uuid

import pymongo
import pytest

import herald
from database import Database
from herald import Device, get, notify, request

# Short enough for a test, and long enough for a busy machine.
TIMEOUTS = ["--limits-mongodb-timeout-ms", "6000", "--limits-mongodb-start-timeout-ms", "0"]


@pytest.fixture(scope="module")
def database():
    with Database() as it:
        yield it


@pytest.fixture
def store(database):
    """The name of a database of its own, dropped after the test."""
    name = "herald_test_" + uuid.uuid4().hex[:12]
    yield name
    pymongo.MongoClient(database.uri).drop_database(name)


@pytest.fixture
def flags(database, store):
    return ["--store", "mongodb", "--mongodb-uri", database.uri, "--mongodb-database", store, *TIMEOUTS]


def documents(database, store, collection):
    return list(pymongo.MongoClient(database.uri)[store][collection].find())


def serve(folder, *flags):
    return subprocess.run(
        [herald.need_binary(), "serve", "--data", str(folder), "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0",
         *flags], capture_output=True, text=True, timeout=120, env=herald.clean_environment())


async def distinct(device, count):
    """The next `count` different notifications. At least once: what was acked a moment ago may come again, with the same id."""
    seen = {}
    while len(seen) < count:
        got = await device.notification()
        seen.setdefault(got["messageId"], got["message"])
    return list(seen.values())


async def test_a_notification_lives_in_real_collections(own_server, flags, database, store, name):
    server = own_server(*flags)
    assert f"in database {store} at mongodb://" in server.line
    async with Device(server) as device:
        url = await device.register_wa(name)
        notify(url, "Hello", id="n1")
        got = await device.notification(ack=False)
        assert got["message"] == "Hello"
        (message,) = documents(database, store, "messages")
        assert message["_id"] == got["messageId"] and message["v"] == 1 and message["open"]
        (delivery,) = documents(database, store, "deliveries")
        assert delivery["_id"].startswith(got["messageId"] + ":") and delivery["open"]
        await device.ack(got["messageId"])
        receipt = herald.receipt_state(url, "n1", "acked")
        assert [d["state"] for d in receipt["deliveries"]] == ["acked"]
        (message,) = documents(database, store, "messages")
        assert "acked_at" in message and "body" not in message and "open" not in message
        (app,) = documents(database, store, "apps")
        assert url.endswith("/" + app["_id"]) and app["devices"] == 1
        (node,) = documents(database, store, "nodes")
        assert node["server"] == "WS1" and node["kind"] == 1
    server.stop()


async def test_pending_notifications_survive_kill_9_in_order(own_server, flags, name):
    server = own_server(*flags, "--limits-lease-ms", "1000", "--limits-lease-renew-ms", "250")
    device = Device(server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    for number in range(20):
        notify(url, str(number))
    server.restart()
    await device.open()
    assert await distinct(device, 20) == [str(n) for n in range(20)]
    await device.close()


async def test_a_replaced_message_is_never_delivered(own_server, flags, name):
    server = own_server(*flags)
    device = Device(server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    notify(url, "old", id="k")
    notify(url, "new", id="k")
    herald.eventually(lambda: herald.receipt(url, "k").json["deliveries"], "the new one is routed")
    await device.open()
    assert (await device.notification())["message"] == "new"
    with contextlib.suppress(asyncio.TimeoutError):
        # At least once: what is routed while a device connects may come twice.
        assert "old" not in await device.receive(0.5)
    await device.close()
    herald.receipt_state(url, "k", "acked")


async def test_order_is_kept_while_connected(own_server, flags, name):
    server = own_server(*flags)
    async with Device(server) as device:
        url = await device.register_wa(name)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: [notify(url, str(n)) for n in range(100)])
        assert await distinct(device, 100) == [str(n) for n in range(100)]


async def test_database_away_is_503_and_heals_by_itself(own_server, tmp_path, name):
    database = Database(tmp_path, ours=True)
    database.start()
    try:
        server = own_server("--store", "mongodb", "--mongodb-uri", database.uri, *TIMEOUTS)
        async with Device(server) as device:
            url = await device.register_wa(name)
            notify(url, "before", id="b")
            assert (await device.notification())["message"] == "before"
            herald.receipt_state(url, "b", "acked")  # else it would come again
            database.kill(signal.SIGKILL)
            loop = asyncio.get_running_loop()
            body = json.dumps({"message": "refused"})
            refused = await loop.run_in_executor(None, lambda: request("POST", url, body))
            assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0, refused
            database.start()
            herald.eventually(lambda: request("POST", url, json.dumps({"message": "after"})).status == 200, "it heals")
            assert (await device.notification())["message"] == "after", "the connection stayed open"
            errors = herald.metric(server, "herald_store_errors_total", kind="unavailable")
            assert errors and errors >= 1
        server.stop()
    finally:
        database.stop()


async def test_metrics_tell_commands_and_batches(own_server, flags, name):
    server = own_server(*flags)
    async with Device(server) as device:
        notify(await device.register_wa(name))
        await device.notification()
    assert herald.metric(server, "herald_mongodb_commands_total", command="insert") >= 2
    assert herald.metric(server, "herald_mongodb_batch_calls_count", kind="put") == 1
    assert herald.metric(server, "herald_mongodb_connections_busy") is not None
    assert herald.metric(server, "herald_messages_accepted_total") == 1
    text = get(server.operations + "/metrics").text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr


async def test_one_notification_costs_eleven_commands(own_server, flags, name):
    server = own_server(*flags, "--limits-sweep-interval-ms", "3600000", "--limits-lease-ms", "600000",
                        "--limits-lease-renew-ms", "300000", "--limits-sent-report-delay-ms", "60000", "--loops", "1")

    def commands():
        return {command: herald.metric(server, "herald_mongodb_commands_total", command=command) or 0
                for command in ("find", "insert", "update", "delete", "findAndModify", "aggregate", "count")}

    async with Device(server) as device:
        url = await device.register_wa(name)
        for number in (1, 2):
            before = commands()
            notify(url)
            await device.notification()
            herald.eventually(lambda: herald.metric(server, "herald_messages_completed_total") == number, "acked by all")
        after = commands()
    cost = {command: after[command] - before[command] for command in after if after[command] != before[command]}
    assert cost == {"find": 5, "insert": 2, "update": 3, "aggregate": 1}, "docs/mongodb.md says so"


def test_the_connection_string_from_a_file(own_server, flags, database, tmp_path):
    secret = tmp_path / "mongodb.uri"
    secret.write_text(database.uri + "\n")
    at = flags.index("--mongodb-uri")
    server = own_server(*flags[:at], "--mongodb-uri-file", str(secret), *flags[at + 2:])
    assert get(server.url + "/status").json["status"] == "ok"


def test_an_absent_database_ends_the_start_with_a_clear_line(tmp_path):
    ended = serve(tmp_path, "--store", "mongodb", "--mongodb-uri", "mongodb://me:s3cr3t@127.0.0.1:1/", *TIMEOUTS)
    assert ended.returncode == 4
    assert "mongodb://127.0.0.1:1" in ended.stderr and "is it running" in ended.stderr
    assert "s3cr3t" not in ended.stderr + ended.stdout


def test_a_newer_database_is_left_alone(database, store, flags, tmp_path):
    pymongo.MongoClient(database.uri)[store]["schema"].insert_one({"_id": "herald", "v": 99})
    ended = serve(tmp_path, *flags)
    assert ended.returncode == 6
    assert "schema version 99" in ended.stderr


def test_no_command_shows_the_password():
    shown = subprocess.run(
        [herald.need_binary(), "check-config", "--store", "mongodb", "--mongodb-uri", "mongodb://me:s3cr3t@db/"],
        capture_output=True, text=True, env=herald.clean_environment())
    assert shown.returncode == 0 and "(not shown)" in shown.stdout
    assert "s3cr3t" not in shown.stdout + shown.stderr
