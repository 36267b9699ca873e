"""One address for a cluster, as a load balancer gives it: looks at a connection's first request and splices the connection
to a process that serves that path. For tests and trials; deploy/compose.yaml has a real one."""

import asyncio
import itertools
import threading

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


class Gateway:
    """On a thread of its own. `targets()` answers {role: [(host, port), ...]} as it is now."""

    def __init__(self, targets, port=0):
        self.targets, self.port = targets, port
        self.turns = {}
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def start(self):
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self.serve, "127.0.0.1", self.port, backlog=1024), self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def stop(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def connect(self, role):
        """To the next process of that role that takes the connection."""
        targets = self.targets().get(role, [])
        turn = self.turns.setdefault(role, itertools.count())
        for _ in targets:
            host, port = targets[next(turn) % len(targets)]
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
            await asyncio.gather(splice(reader, there_writer), splice(there_reader, writer))
        except (OSError, asyncio.TimeoutError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def splice(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        pass
    finally:
        writer.close()
