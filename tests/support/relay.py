"""A TCP relay that can be cut and healed: a partition between one role and the broker or the database."""

import asyncio
import threading


class Relay:
    """Listens on loopback and carries every connection to `target` (host, port). cut() leaves connections open and carries
    nothing, as a lost network does; heal() ends those, as a network does that comes back to peers that gave up."""

    def __init__(self, target):
        self.target = target
        self.is_cut = False
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def start(self):
        self.thread.start()
        self.open = asyncio.Event()
        self.loop.call_soon_threadsafe(self.open.set)
        self.server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self.serve, "127.0.0.1", 0), self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def cut(self):
        self.is_cut = True
        self.loop.call_soon_threadsafe(self.open.clear)

    def heal(self):
        def open_again():
            for writer in list(self.writers):
                writer.transport.abort()
            self.open.set()

        self.is_cut = False
        self.loop.call_soon_threadsafe(open_again)

    def stop(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            await self.open.wait()
            there_reader, there_writer = await asyncio.open_connection(*self.target)
            self.writers.add(there_writer)
            await asyncio.gather(self.carry(reader, there_writer), self.carry(there_reader, writer))
            self.writers.discard(there_writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def carry(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
