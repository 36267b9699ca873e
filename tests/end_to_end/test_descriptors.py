"""Connections never take the descriptors that the database, logs and the operations listener need."""

import socket
import urllib.parse

import herald
from herald import get, notify

LIMIT = 256


class Limited(herald.Server):
    """Its process may have LIMIT files open: `how` is what bash's ulimit sets, -n both limits, -Sn the soft one."""

    how = "-n"

    def command(self):
        return ["bash", "-c", f'ulimit {self.how} {LIMIT}; exec "$@"', "herald", *super().command()]


def idle_connections(server, count):
    address = urllib.parse.urlsplit(server.url)
    return [socket.create_connection((address.hostname, address.port), herald.WAIT_SECONDS) for _ in range(count)]


def open_connections(server):
    return sum(herald.metric(server, "herald_connections", protocol=protocol) for protocol in ("http", "websocket"))


def refused(server):
    return herald.metric(server, "herald_refusals_total", reason="descriptors")


async def test_a_flood_of_idle_connections(tmp_path, name):
    with Limited(tmp_path / "s", "--loops", "1") as server:
        async with herald.Device(server) as device:
            url = await device.register_wa(name)
            sender = herald.RawConnection(server.url)
            flood = idle_connections(server, 2 * LIMIT)
            herald.eventually(lambda: refused(server) + open_connections(server) >= len(flood) + 2, "the device, the sender and each of the flood were answered")
            assert refused(server) >= LIMIT
            assert LIMIT / 4 < open_connections(server) < LIMIT * 3 / 4
            assert get(server.operations + "/status").json["status"] == "ok"
            body = '{"message":"while crowded"}'
            path = urllib.parse.urlsplit(url).path
            sender.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}")
            assert sender.response()[0] == 200, "an honest sender that was there"
            assert (await device.notification())["message"] == "while crowded"
            for connection in flood:
                connection.close()
            herald.eventually(lambda: open_connections(server) < LIMIT / 4, "they are gone")
            notify(url, "after")
            assert (await device.notification())["message"] == "after"
        said = [line for line in server.log().splitlines() if "descriptors that are left are reserved" in line]
        assert len(said) == 1, said


def test_the_soft_limit_is_raised(tmp_path):
    server = Limited(tmp_path / "s")
    server.how = "-Sn"
    with server:
        assert herald.metric(server, "process_max_fds") > LIMIT
