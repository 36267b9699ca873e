"""Sending with the libraries that application servers use, to a user agent that decrypts."""

import pytest

import clients
from user_agent import UserAgent

ENCODINGS = ["aes128gcm", "aesgcm"]
LONGEST = {"aes128gcm": 3993, "aesgcm": 4078}
DAY = 86400


def assert_created(answer, server):
    assert answer["status"] == 201, answer
    assert answer["headers"]["location"].startswith(server.url + "/"), answer
    return answer


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_the_text_arrives(server, sender, vapid, encoding):
    async with UserAgent(server) as user_agent:
        subscription = await user_agent.subscribe(vapid["publicKey"])
        text = f"Grüße über {encoding} von {sender} ✓"
        answer = assert_created(sender.send(subscription.for_sender(), text, vapid, contentEncoding=encoding, TTL=DAY), server)
        assert answer["headers"]["ttl"] == str(DAY)
        assert await user_agent.receive() == (subscription.channel_id, text)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_the_longest_text_arrives(plain_server, vapid, encoding):
    async with UserAgent(plain_server) as user_agent:
        subscription = await user_agent.subscribe(vapid["publicKey"])
        text = "x" * LONGEST[encoding]
        sender = clients.web_push()
        assert_created(sender.send(subscription.for_sender(), text, vapid, contentEncoding=encoding), plain_server)
        assert await user_agent.receive() == (subscription.channel_id, text)
        answer = sender.send(subscription.for_sender(), text + "x" * 104, vapid, contentEncoding=encoding)
        assert answer["status"] == 413, answer


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_without_vapid_an_unrestricted_subscription_takes_it(plain_server, encoding):
    async with UserAgent(plain_server) as user_agent:
        subscription = await user_agent.subscribe()
        for sender in (clients.web_push(), clients.pywebpush()):
            assert_created(sender.send(subscription.for_sender(), str(sender), contentEncoding=encoding), plain_server)
            assert await user_agent.receive() == (subscription.channel_id, str(sender))


@pytest.mark.parametrize("make", [clients.web_push, clients.pywebpush], ids=["web_push", "pywebpush"])
async def test_a_restricted_subscription_takes_its_own_key_only(plain_server, vapid, make):
    sender = make()
    async with UserAgent(plain_server) as user_agent:
        subscription = await user_agent.subscribe(vapid["publicKey"])
        other = sender.keys()
        assert sender.send(subscription.for_sender(), "of another", other)["status"] in (401, 403)
        assert sender.send(subscription.for_sender(), "of nobody")["status"] == 401
        assert_created(sender.send(subscription.for_sender(), "of its own", vapid), plain_server)
        assert await user_agent.receive() == (subscription.channel_id, "of its own")


async def test_a_push_without_payload(plain_server, vapid):
    async with UserAgent(plain_server) as user_agent:
        subscription = await user_agent.subscribe(vapid["publicKey"])
        assert_created(clients.web_push().send(subscription.for_sender(), None, vapid), plain_server)
        assert await user_agent.receive() == (subscription.channel_id, None)


@pytest.mark.parametrize("make", [clients.web_push, clients.pywebpush], ids=["web_push", "pywebpush"])
async def test_a_topic_replaces_what_waits(plain_server, vapid, make):
    sender = make()
    user_agent = UserAgent(plain_server)
    await user_agent.open()
    subscription = await user_agent.subscribe(vapid["publicKey"])
    await user_agent.close()
    options = {"TTL": DAY, "urgency": "high", "topic": "score"}
    first = assert_created(sender.send(subscription.for_sender(), "1:0", vapid, **options), plain_server)
    second = assert_created(sender.send(subscription.for_sender(), "2:0", vapid, **options), plain_server)
    assert first["headers"]["location"] != second["headers"]["location"]
    assert_created(sender.send(subscription.for_sender(), "the end", vapid, TTL=DAY), plain_server)
    await user_agent.open()
    texts = {(await user_agent.receive())[1] for _ in range(2)}
    assert texts == {"2:0", "the end"}
    await user_agent.close()


@pytest.mark.parametrize("make", [clients.web_push, clients.pywebpush], ids=["web_push", "pywebpush"])
async def test_what_was_unsubscribed_is_gone(plain_server, vapid, make):
    sender = make()
    async with UserAgent(plain_server) as user_agent:
        subscription = await user_agent.subscribe(vapid["publicKey"])
        await user_agent.unsubscribe(subscription)
        answer = sender.send(subscription.for_sender(), "too late", vapid)
        assert answer["status"] == 410 and "max-age" in answer["headers"]["cache-control"], answer
