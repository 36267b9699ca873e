"""RabbitMQ as Debian packages it, beside the server and the epmd of the system, if there are any: names, ports, files and cookie
are its own."""

import contextlib
import os
import pathlib
import re
import secrets
import socket
import subprocess
import time

from ports import free_port

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # what is in the PATH starts it as the system's user, with the system's files
LOOPBACK = "127.0.0.1"
NODE = "herald@localhost"
EPMD_SECONDS = 60
# One line for each queue. The server's own count, at this moment: its management API counts every few seconds.
QUEUES = """
lists:flatten([io_lib:format("~s ~b ~b~n", [element(4, proplists:get_value(name, Q)), proplists:get_value(messages, Q),
                                           proplists:get_value(consumers, Q)])
               || Q <- rabbit_amqqueue:info_all(<<"/">>, [name, messages, consumers])]).
"""


class Node:
    """The Erlang node that a RabbitMQ server is, and its epmd, the name service without which no node starts."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.epmd_port, self.node_port = free_port(), free_port()
        self.cookie = secrets.token_hex(16)
        self.epmd = None

    def environment(self):
        """None of the settings that a server of the system may have."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_"))}
        etc = self.folder / "etc"
        return kept | {
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_FLAGS": "-start_epmd false",  # one that a node started would outlive it
            "RABBITMQ_ALLOW_INPUT": "1",  # the server takes the place of the shell that starts it: one process to signal
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(etc / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(etc / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(etc / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self.node_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def command(self):
        assert pathlib.Path(SERVER).exists(), "rabbitmq-server is missing: ./test installs it (scripts/packages.txt)"
        return [SERVER, "-noinput"]

    def start_epmd(self, log):
        """Before the server, which would leave one running that it started itself."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        cookie = home / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(self.cookie)
            cookie.chmod(0o400)
        command = ["epmd", "-port", str(self.epmd_port), "-address", LOOPBACK]
        self.epmd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + EPMD_SECONDS
        while True:
            with contextlib.suppress(OSError):
                return socket.create_connection((LOOPBACK, self.epmd_port), 1).close()
            assert self.epmd.poll() is None and time.monotonic() < deadline, "epmd does not start"
            time.sleep(0.01)

    def stop_epmd(self):
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()

    def queues(self):
        call = ["erl_call", "-address", f"{LOOPBACK}:{self.node_port}", "-c", self.cookie, "-e"]
        done = subprocess.run(call, input=QUEUES, env=self.environment(), capture_output=True, text=True, timeout=120)
        answer = re.fullmatch(r'\{ok, (?:\[\]|"(.*)")\}', done.stdout.strip(), re.DOTALL)
        assert answer, (done.stdout, done.stderr)
        rows = (row.rsplit(" ", 2) for row in (answer[1] or "").replace("\\n", "\n").splitlines())
        return {name: {"messages": int(messages), "consumers": int(consumers)} for name, messages, consumers in rows}
