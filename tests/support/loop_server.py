"""A TCP listener on loopback, served by an event loop on a thread of its own."""

import asyncio
import threading

BACKLOG = 1024


class LoopServer:
    """Subclasses give `async serve(reader, writer)`, called for each connection. After start(), `port` is where it listens."""

    def __init__(self, port=0):
        self.port = port
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def start(self):
        self.thread.start()
        listening = asyncio.start_server(self.serve, "127.0.0.1", self.port, backlog=BACKLOG)
        self.server = asyncio.run_coroutine_threadsafe(listening, self.loop).result(60)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def stop(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(60)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)


async def carry(reader, writer, ready=None):
    """Writes what is read until either side ends; each piece once `ready` (an asyncio.Event) is set."""
    try:
        while data := await reader.read(65536):
            if ready:
                await ready.wait()
            writer.write(data)
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        pass
    finally:
        writer.close()
