"""Herald with its queues on a real broker, ActiveMQ Classic, Artemis and RabbitMQ: the flow, the queues as the broker names them, and
a broker that dies."""

import re
import subprocess

import pytest

import broker
import herald
from herald import Device, get, notify
from test_sleeping import Sleeper

# So that a test need not wait for what takes seconds in service.
QUICK = ["--limits-sweep-interval-ms", "200", "--limits-sweep-age-ms", "1000"]
QUICK += ["--limits-broker-retry-first-ms", "20", "--limits-broker-retry-most-ms", "200"]
QUICK += ["--limits-ping-interval-ms", "0", "--limits-ping-gather-ms", "0"]


def flags_for(*brokers):
    return ["--queue", "amqp", *(part for one in brokers for part in ("--broker", one.url)), *QUICK]


def is_connected(server, connected=True):
    return lambda: herald.metric(server, "herald_queue_connected") == (1 if connected else 0)


# RabbitMQ takes the longest to start; the adapter's own suite runs with it and the sanitizers.
KINDS = [pytest.param(kind, marks=pytest.mark.no_sanitizer) if kind == "rabbitmq" else kind for kind in broker.KINDS]


@pytest.fixture(scope="module", params=KINDS)
def parts(request, tmp_path_factory):
    """A broker, and a server that uses it."""
    folder = tmp_path_factory.mktemp(request.param)
    with broker.Broker(request.param, folder / "broker") as one:
        with herald.Server(folder / "server", *flags_for(one)) as server:
            server.context = None
            herald.eventually(is_connected(server), "the broker is connected")
            yield one, server


@pytest.fixture
def one(parts):
    """The broker, running."""
    if parts[0].process.poll() is not None:
        parts[0].start()
    herald.eventually(is_connected(parts[1]), "the broker is connected")
    return parts[0]


@pytest.fixture
def server(parts, one):
    return parts[1]


def idle(queues, names):
    return all(queues.get(name) == {"messages": 0, "consumers": 1} for name in names)


async def test_the_flow_runs_over_queues_that_the_broker_names(one, server, name):
    sleeper = Sleeper(server)
    url = await sleeper.register(name)
    async with Device(server) as device:
        assert await device.register_wa(name) == url
        notify(url, "over the broker", id="n1")
        assert (await device.notification())["message"] == "over the broker"
        assert sleeper.ping().startswith(b"NOTIFY ")
        pulled = sleeper.pull()
        sleeper.pull(acks=[pulled[0]["messageId"]])
        receipt = herald.receipt_state(url, "n1", "acked")
        assert [d["state"] for d in receipt["deliveries"]] == ["acked", "acked"]
        named = ("newMessages", "WS1", "UDP1", "deliveries")
        # The broker hears a little later than the sender that an envelope is settled.
        herald.eventually(lambda: idle(one.queues(), named), "the broker's queues are empty, and read")


async def test_many_messages_keep_their_order(server, name):
    async with Device(server) as device:
        url = await device.register_wa(name)
        for i in range(200):
            notify(url, i)
        seen = {}
        while len(seen) < 200:  # at least once
            got = await device.notification()
            seen.setdefault(got["messageId"], got["message"])
        assert list(seen.values()) == list(range(200))


async def test_rows_of_the_seed_over_a_broker(server, name):
    async with Device(server) as device:
        url = await device.register_wa(name)
        refused = herald.request("POST", url, "{not JSON")
        assert refused.status == 400 and "JSON not valid" in refused.text
        unknown = herald.post_json(server.url + "/notify/" + "0" * 64, {"message": "x"})
        assert unknown.status == 404 and "No valid" in unknown.text
        notify(url, "seen", id="r", ttl=0)
        got = await device.notification(ack=False)
        assert got["id"] == "r" and got["url"] == url
        sent = lambda: herald.receipt(url, "r").json["deliveries"][0]["state"] == "sent"
        herald.eventually(sent, "what is not acked is recorded as sent")
        await device.ack(got["messageId"])
        assert herald.receipt_state(url, "r", "acked")


async def test_without_a_broker_messages_are_stored_and_routed_when_it_is_back(one, server, name):
    async with Device(server) as device:
        url = await device.register_wa(name)
        notify(url, "before")
        assert (await device.notification())["message"] == "before"
        one.kill()
        herald.eventually(is_connected(server, False), "the broker is missed")
        herald.eventually(lambda: not status(server)["components"]["queue"]["ok"], "/status tells of it")
        assert status(server)["components"]["queue"]["reason"].startswith("the broker is away")
        assert status(server)["status"] == "degraded"
        for i in range(20):
            notify(url, f"during {i}", id=f"d{i}")
        unannounced = herald.eventually(
            lambda: herald.metric(server, "herald_unannounced_total") or None, "patience with the broker ends"
        )
        assert unannounced >= 1
        one.start()
        missing = {f"during {i}" for i in range(20)}
        while missing:  # at least once
            missing.discard((await device.notification())["message"])
        for i in range(20):
            herald.receipt_state(url, f"d{i}", "acked")
    herald.eventually(lambda: status(server)["components"]["queue"]["ok"], "/status tells that the broker is back")


async def test_what_the_broker_lost_on_its_way_to_a_connected_device_comes_when_it_is_back(one, server, name):
    """Killed while a burst is between the roles: some envelopes die with it, no message does."""
    async with Device(server) as device:
        url = await device.register_wa(name)
        for i in range(300):
            notify(url, i)
            if i == 150:
                one.kill()
        one.start()
        seen = set()
        while len(seen) < 300:
            seen.add((await device.notification())["message"])


def status(server):
    return get(server.url + "/status").json


@pytest.mark.parametrize("kind", KINDS)
def test_user_and_password(kind, tmp_path, own_server):
    secret = tmp_path / "password"
    with broker.Broker(kind, tmp_path / "broker", login=True) as one:
        secret.write_text(broker.PASSWORD + "\n")
        login = ["--broker-user", broker.USER, "--broker-password-file", str(secret)]
        right = own_server(*flags_for(one), *login)
        herald.eventually(is_connected(right), "the right password is taken")
        herald.eventually(lambda: "newMessages" in one.queues(), "queues are there")
        assert broker.PASSWORD not in right.log()
        right.stop()
        secret.write_text("another\n")
        wrong = own_server(*flags_for(one), *login)
        herald.eventually(lambda: "broker not reached" in wrong.log(), "the wrong password is refused")
        assert herald.metric(wrong, "herald_queue_connected") == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_tls_with_a_private_authority(kind, tmp_path, own_server, name):
    ours, foreign = herald.Authority(tmp_path, "ours"), herald.Authority(tmp_path, "foreign")
    secret = tmp_path / "password"
    secret.write_text(broker.PASSWORD + "\n")
    login = ["--broker-user", broker.USER, "--broker-password-file", str(secret)]
    with broker.Broker(kind, tmp_path / "broker", login=True, tls=ours.issue("localhost")) as one:
        server = own_server(*flags_for(one), *login, "--broker-ca-file", str(ours.certificate))
        herald.eventually(is_connected(server), "the certificate and the password are taken")
        async with Device(server) as device:
            notify(await device.register_wa(name), "by TLS")
            assert (await device.notification())["message"] == "by TLS"
        assert {"newMessages", "deliveries", "WS1"} <= set(one.queues())
        server.stop()
        # Without an authority that is named, the system's count, which do not know ours.
        for authority in (["--broker-ca-file", str(foreign.certificate)], []):
            refusing = own_server(*flags_for(one), *login, *authority)
            said = herald.eventually(lambda: re.search(r"broker not reached.*\n", refusing.log()), "it says why")[0]
            assert "certificate verify failed" in said and one.url in said, said
            assert herald.metric(refusing, "herald_queue_connected") == 0
            assert status(refusing)["status"] == "degraded"
            refusing.stop()
        # A certificate of the right authority for another host is none.
    with broker.Broker(kind, tmp_path / "other", login=True, tls=ours.issue("elsewhere.example")) as one:
        refusing = own_server(*flags_for(one), *login, "--broker-ca-file", str(ours.certificate))
        said = herald.eventually(lambda: re.search(r"broker not reached.*\n", refusing.log()), "it says why")[0]
        assert "certificate" in said, said
        assert herald.metric(refusing, "herald_queue_connected") == 0


def test_a_ca_file_without_a_certificate_ends_the_start(tmp_path):
    (tmp_path / "empty.crt").write_text("no certificate\n")
    options = ["--queue", "amqp", "--broker", "amqps://localhost:1", "--broker-ca-file"]
    for file in ("missing.crt", "empty.crt"):
        for command in (["serve", "--data", str(tmp_path / "data")], ["check-config"]):
            done = subprocess.run([herald.need_binary(), *command, *options, str(tmp_path / file)], capture_output=True, text=True,
                                  env=herald.clean_environment(), timeout=120)
            assert done.returncode == 2 and f"{tmp_path / file}" in done.stderr and "broker_ca_file" in done.stderr, done


def test_the_queue_s_options_are_checked(tmp_path):
    def run(*flags):
        command = [herald.need_binary(), "check-config", *flags]
        done = subprocess.run(command, capture_output=True, text=True, env=herald.clean_environment())
        return done.returncode, done.stderr

    assert run("--queue", "amqp", "--broker", "amqp://localhost")[0] == 0
    for flags, words in [
        (("--queue", "amqp"), "at least one broker"),
        (("--queue", "amqp", "--broker", "tcp://localhost:61616"), "amqp://host:port"),
        (("--queue", "amqp", "--broker", "amqp://a:b@localhost"), "options of their own"),
        (("--broker-user", "herald"), "needs broker_password_file"),
        (("--broker-password-file", "x"), "needs broker_user"),
    ]:
        code, said = run(*flags)
        assert code == 2 and words in said, said


def test_a_password_file_that_is_not_there_ends_the_start(tmp_path):
    command = [herald.need_binary(), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    command += ["--operations-listen", "127.0.0.1:0", "--queue", "amqp", "--broker", "amqp://127.0.0.1:1"]
    command += ["--broker-user", "herald", "--broker-password-file", str(tmp_path / "missing")]
    done = subprocess.run(command, capture_output=True, text=True, env=herald.clean_environment(), timeout=120)
    assert done.returncode == 2 and "broker_password_file" in done.stderr, done.stderr
