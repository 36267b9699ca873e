"""A TCP relay that can be cut and healed: a partition between one role and the broker or the database."""

import asyncio

from loop_server import LoopServer, carry


class Relay(LoopServer):
    """Carries every connection to `target` (host, port). cut() leaves connections open and carries nothing, as a lost network
    does; heal() ends those, as a network does that comes back to peers that gave up."""

    def __init__(self, target):
        super().__init__()
        self.target = target
        self.is_cut = False
        self.writers = set()

    def start(self):
        self.open = asyncio.Event()
        self.open.set()
        return super().start()

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

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            await self.open.wait()
            there_reader, there_writer = await asyncio.open_connection(*self.target)
            self.writers.add(there_writer)
            await asyncio.gather(carry(reader, there_writer, self.open), carry(there_reader, writer, self.open))
            self.writers.discard(there_writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()
