"""Clients that ask for much and read nothing: what the server's kernel holds for them is bounded, and others are served."""

import json
import socket
import struct
import urllib.parse

import herald
from herald import Device

CONNECTIONS = 60


def kernel_bytes(server):
    """What the kernel holds for the peers of each connection of the server: tx_queue of /proc/net/tcp."""
    port = urllib.parse.urlsplit(server.url).port
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in list(table)[1:]]
    return [int(row[4].split(":")[0], 16) for row in rows if int(row[1].split(":")[1], 16) == port and row[3] == "01"]


def frame(text):
    """A masked text frame of a client; the mask is zero."""
    data = text.encode()
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else b"\x81\xfe" + struct.pack(">H", len(data))
    return head + bytes(4) + data


def connect(server, receive_buffer=4096):
    parts = urllib.parse.urlsplit(server.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(herald.WAIT_SECONDS)
    client.connect((parts.hostname, parts.port))
    client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: push-notification\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += client.recv(1)
    assert answer.startswith(b"HTTP/1.1 101")
    return client


async def device_with_much(server, name):
    device = Device(server)
    await device.open()
    url = await device.register_wa(name)
    await device.close()
    for number in range(120):
        herald.notify(url, f"{number} " + "x" * 4000)
    return device


def ask_and_read_nothing(server, device, count):
    clients = []
    for _ in range(count):
        client = connect(server)
        ask = frame(json.dumps({"messageType": "getAllMessages", "data": {"uatoken": device.uatoken}}))
        client.sendall(ask * 5)
        clients.append(client)
    return clients


async def test_what_is_not_read_is_bounded_for_each_connection_and_each_client(own_server, name):
    server = own_server("--limits-kernel-send-buffer-max-bytes", "65536", "--limits-unread-connections-per-address", "20",
                        "--limits-unacknowledged-timeout-ms", "600000")
    device = await device_with_much(server, name)
    clients = ask_and_read_nothing(server, device, CONNECTIONS)
    herald.eventually(lambda: herald.metric(server, "herald_refusals_total", reason="slow_reader") == CONNECTIONS - 20, "cuts")
    assert herald.metric(server, "herald_connections_unread") == 20
    assert max(kernel_bytes(server)) <= 65536
    async with Device(server) as other:
        url = await other.register_wa(name + "-other")
        for number in range(20):
            herald.notify(url, str(number))
            assert (await other.notification())["message"] == str(number), "others are served"
    for client in clients:
        client.close()
    herald.eventually(lambda: herald.metric(server, "herald_connections_unread") == 0, "nobody is unread")


async def test_a_peer_that_acknowledges_nothing_is_cut(own_server, name):
    server = own_server("--limits-unacknowledged-timeout-ms", "1000", "--limits-write-timeout-ms", "600000")
    device = await device_with_much(server, name)
    clients = ask_and_read_nothing(server, device, 10)
    herald.eventually(lambda: herald.metric(server, "herald_connections", protocol="websocket") == 0, "the kernel gives them up")
    assert not [size for size in kernel_bytes(server) if size > 65536]
    for client in clients:
        client.close()


async def test_every_answer_waits_for_the_one_before_to_be_read(own_server, name):
    """A device that reads late gets every answer, and is not cut for what it asked for meanwhile."""
    server = own_server("--limits-kernel-send-buffer-max-bytes", "65536")
    device = await device_with_much(server, name)
    client = connect(server)
    ask = frame(json.dumps({"messageType": "getAllMessages", "data": {"uatoken": device.uatoken}}))
    client.sendall(ask * 5)
    herald.eventually(lambda: herald.metric(server, "herald_connections_unread") == 1, "it is blocked")
    got, answers = b"", 0
    while answers < 5:
        more = client.recv(65536)
        assert more, f"cut after {answers} answers"
        got += more
        while len(got) >= 10:
            assert got[0] == 0x81
            size, head = (got[1], 2) if got[1] < 126 else (int.from_bytes(got[2:4], "big"), 4) if got[1] == 126 else (int.from_bytes(got[2:10], "big"), 10)
            if len(got) < head + size:
                break
            assert len(json.loads(got[head:head + size])) > 1
            got, answers = got[head + size:], answers + 1
    client.close()
