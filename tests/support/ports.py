"""Ports for servers that are started again where they were."""

import contextlib
import pathlib
import random
import socket


def free_port():
    """Outside the range from which the kernel takes clients' ports: a client that tries it again and again while its server
    is down could otherwise meet itself, and any client could take it meanwhile."""
    end = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first = max(10000, end - 20000)
    if end - first < 1000:  # clients' ports are all there are
        first, end = 10000, 60000
    while True:
        port = random.randrange(first, end)
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
