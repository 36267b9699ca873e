"""Receipt streams where what they tell of happens in other processes."""

import herald
from cluster import At
from herald import eventually, request
from test_receipt_streams import EventStream, send
from test_webpush_http import Agent


def sent(*about):
    """What send() answers, or nothing if the sender is to come again."""
    try:
        return send(*about)
    except AssertionError as refused:
        if "503" not in str(refused):
            raise


async def test_a_stream_tells_of_acks_that_other_processes_took(whole):
    """One application side takes the message, another streams; one front end or the other has the device."""
    async with Agent(At(whole["WS1"])) as agent:
        _, endpoint = await agent.subscribe()
        one, link = send(endpoint)
        await agent.notification()
        eventually(lambda: request("GET", link).json["messages"][0]["status"] == 204, "the ack is known")
        at = {app: link.replace(whole.url, whole[app].url) for app in ("app1", "app2")}
        with EventStream(at["app1"]) as first, EventStream(at["app2"]) as second:
            assert first.events(1) == second.events(1) == {one: "delivered"}
            two, _ = send(endpoint, link)
            await agent.notification()
            assert first.events(1) == second.events(1) == {two: "delivered"}
    # Away, then at the other front end.
    with EventStream(at["app1"], second.last_id) as stream:
        three, _ = send(endpoint, link)
        async with Agent(At(whole["WS2"]), agent.uaid) as again:
            await again.notification()
            assert stream.events(1) == {three: "delivered"}


async def test_a_reader_whose_application_side_dies_goes_on_at_another_and_misses_nothing(whole):
    async with Agent(At(whole["WS1"])) as agent:
        _, endpoint = await agent.subscribe()
    waits = []
    one, link = send(endpoint)
    at = {app: link.replace(whole.url, whole[app].url) for app in ("app1", "app2")}
    stream = EventStream(at["app1"])
    assert stream.events(1) == {one: "pending"}
    whole["app1"].kill()
    with stream:
        try:
            assert stream.event() is not None, "what broke off does not look complete"
        except (EOFError, ConnectionError):
            pass
    for number in range(4):
        waits.append(send(endpoint, link, Topic=f"t{number}")[0])
    send(endpoint, link, Topic="t0")
    async with Agent(At(whole["WS2"]), agent.uaid) as again:
        for _ in range(5):
            await again.notification()
        with EventStream(at["app2"], stream.last_id) as second:
            told = {}
            while list(told.values()).count("delivered") < 5 or told.get(waits[0]) != "replaced":
                name, row = second.event()
                told[row["location"]] = name
            assert {one, *waits} <= set(told) and told[waits[0]] == "replaced"


async def test_a_stream_lasts_through_the_loss_of_broker_and_database(whole):
    async with Agent(At(whole["WS1"])) as agent:
        _, endpoint = await agent.subscribe()
        one, link = send(endpoint)
        await agent.notification()
        with EventStream(link) as stream:
            if stream.events(1) == {one: "pending"}:
                assert stream.events(1) == {one: "delivered"}
            whole.broker.kill()
            two, _ = send(endpoint, link)
            whole.broker.start()
            await agent.notification()
            assert stream.events(1) == {two: "delivered"}
            whole.database.kill()
            whole.database.start()
            whole.wait_healthy()
            three, _ = eventually(lambda: sent(endpoint, link), "accepted again")
            await agent.notification()
            assert stream.events(1) == {three: "delivered"}
