"""A stranger must not have Herald send datagrams into networks that the stranger does not reach."""

import http.client
import json
import socket
import subprocess
import urllib.parse

import herald
from herald import Device


async def refused(server, ip, port):
    device = Device(server)
    await device.open(register=False)
    answer = await device.register_ua(ip=ip, port=str(port))
    await device.close()
    return answer != "OK" and json.loads(answer) == {"error": "Could not add UAtoken"}


async def test_a_server_for_strangers_pings_nobody_unless_told_so(own_server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.bind(("127.0.0.1", 0))
        port = target.getsockname()[1]
        public = own_server("--public-url", "https://push.example.com")
        for ip in ("127.0.0.1", "10.0.0.1", "192.168.0.1", "::1", "93.184.215.14"):
            assert await refused(public, ip, port), ip
        assert "ping_networks" in public.log()
        told = own_server("--public-url", "https://push.example.com", "--ping-networks", "127.0.0.0/8")
        assert not await refused(told, "127.0.0.1", port)
        assert await refused(told, "10.0.0.1", port)


def test_a_listener_on_all_addresses_counts_as_one_for_strangers(tmp_path):
    shown = subprocess.run([herald.need_binary(), "check-config", "--listen", "0.0.0.0:0"], capture_output=True, text=True,
                           env=herald.clean_environment(), check=True)
    line = next(line for line in shown.stdout.splitlines() if "ping_networks" in line)
    assert "strangers may reach 0.0.0.0" in shown.stdout and "127.0.0.0" not in line


class Target:
    """A UDP port that answers nothing."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def pings(self, wait):
        """The pings that came until none has for so long."""
        got = []
        self.socket.settimeout(wait)
        try:
            while True:
                got.append(self.socket.recv(2048))
        except TimeoutError:
            return got


async def asleep_at(server, name, target):
    device = Device(server)
    await device.open(register=False)
    url = await device.register_wa(name)
    assert await device.register_ua(ip="127.0.0.1", port=str(target.socket.getsockname()[1])) == "OK"
    await device.closed()
    return device, url


def pull(server, device, source, query=""):
    parts = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=herald.WAIT_SECONDS, source_address=(source, 0))
    connection.request("GET", "/pull" + query, headers={"Authorization": "Bearer " + device.uatoken})
    answer = connection.getresponse()
    assert answer.status == 200
    return json.loads(answer.read())


async def test_who_proves_nothing_gets_no_second_ping(own_server, name):
    server = own_server("--limits-ping-retry-first-ms", "50", "--limits-ping-retry-most-ms", "50", "--limits-ping-interval-ms", "0")
    target = Target()
    device, url = await asleep_at(server, name, target)
    herald.notify(url, "one")
    herald.eventually(lambda: herald.metric(server, "herald_pings_total", result="sent") == 1, "the first ping")
    for number in range(5):
        herald.notify(url, str(number))
        # The stranger pulls with its own token, from its own address.
        assert pull(server, device, "127.0.0.9")
    assert len(target.pings(1)) == 1
    assert herald.metric(server, "herald_pings_total", result="sent") == 1


async def test_the_nonce_of_the_ping_or_its_address_proves_that_it_came(own_server, name):
    flags = ["--limits-ping-retry-first-ms", "50", "--limits-ping-retry-most-ms", "50", "--limits-ping-interval-ms", "0"]
    server = own_server(*flags)
    for source, echoes in (("127.0.0.9", True), ("127.0.0.1", False)):
        target = Target()
        device, url = await asleep_at(server, f"{name}-{source}", target)
        herald.notify(url, "one")
        target.socket.settimeout(herald.WAIT_SECONDS)
        ping = target.socket.recv(2048).decode()
        assert ping.startswith("NOTIFY ")
        pull(server, device, source, "?ping=" + ping.split()[1] if echoes else "")
        assert target.socket.recv(2048).decode() == ping, "a second one"
