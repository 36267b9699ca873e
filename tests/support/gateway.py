"""One address for a cluster, as a load balancer gives it: looks at a connection's first request and splices the connection
to a process that serves that path. For tests and trials; deploy/compose.yaml has a real one."""

import asyncio
import itertools

from loop_server import LoopServer, carry

# By how a path begins; anything else is a device's.
SENDERS = ("/notify", "/wpush/", "/spush/", "/m/", "/r/", "/_matrix/")
PULLERS = ("/pull",)
HEAD_SECONDS = 10


def kind_of(head):
    """Which role serves a request that begins so: "app_server", "user_agent_udp" or "user_agent_ws"."""
    path = head.split(b" ", 2)[1].decode("latin-1") if head.count(b" ") >= 2 else "/"
    if path.startswith(PULLERS):
        return "user_agent_udp"
    return "app_server" if path.startswith(SENDERS) else "user_agent_ws"


class Gateway(LoopServer):
    """`targets()` answers {role: [(host, port), ...]} as it is now."""

    def __init__(self, targets, port=0):
        super().__init__(port)
        self.targets = targets
        self.turns = {}

    async def connect(self, role):
        """To the next process of that role that takes the connection."""
        targets = self.targets().get(role, [])
        first = next(self.turns.setdefault(role, itertools.count()))
        for each in range(len(targets)):
            host, port = targets[(first + each) % len(targets)]
            try:
                return await asyncio.open_connection(host, port)
            except OSError:
                continue
        raise ConnectionRefusedError(f"no {role} answers")

    async def serve(self, reader, writer):
        try:
            head = await asyncio.wait_for(reader.read(65536), HEAD_SECONDS)
            if not head:
                return
            there_reader, there_writer = await self.connect(kind_of(head))
            there_writer.write(head)
            await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer))
        except (OSError, asyncio.TimeoutError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
