"""One client that opens streams of receipts without end takes the streams of nobody else."""

import contextlib
import http.client
import urllib.parse

import herald
from webpush import WebPushDevice, push


def stream(url, source):
    """The answer, which holds the stream open, and its connection."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=herald.WAIT_SECONDS, source_address=(source, 0))
    connection.request("GET", parts.path, headers={"Accept": "text/event-stream"})
    return connection.getresponse(), connection


async def receipt_of(server, device):
    _, endpoint = await device.register()
    answer = push(endpoint, b"", status=202, Prefer="respond-async")
    return answer.headers["Link"].split("<")[1].split(">")[0]


async def test_one_address_can_not_take_all_streams(own_server):
    server = own_server("--limits-receipt-streams-per-process", "40", "--limits-receipt-streams-per-address", "20",
                        "--limits-receipt-streams-per-receipt", "8")
    device = await WebPushDevice(server).connect()
    await device.hello()
    receipts = [await receipt_of(server, device) for _ in range(5)]
    with contextlib.ExitStack() as held:
        statuses = []
        for number in range(60):
            answer, connection = stream(receipts[number % 5], "127.0.0.7")
            held.callback(connection.close)
            held.callback(answer.close)
            statuses.append(answer.status)
            if answer.status == 429:
                assert answer.headers["Retry-After"], answer.headers
        assert statuses.count(200) == 20 and statuses.count(429) == 40
        answer, connection = stream(receipts[0], "127.0.0.8")
        held.callback(connection.close)
        held.callback(answer.close)
        assert answer.status == 200, "another client gets its stream"
    await device.close()


async def test_one_receipt_can_not_be_watched_without_end(own_server):
    server = own_server("--limits-receipt-streams-per-receipt", "3")
    device = await WebPushDevice(server).connect()
    await device.hello()
    receipt = await receipt_of(server, device)
    with contextlib.ExitStack() as held:
        statuses = []
        for number in range(5):
            answer, connection = stream(receipt, f"127.0.0.{10 + number}")
            held.callback(connection.close)
            held.callback(answer.close)
            statuses.append(answer.status)
        assert statuses == [200, 200, 200, 429, 429]
    await device.close()
