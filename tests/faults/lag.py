"""How far an asyncio program is behind: what it reads now may have come that long ago. A judgement of what comes late needs it,
or else a busy machine makes the reader's delay look like the server's."""

import asyncio
import collections
import contextlib
import time

BEAT_S = 0.02
REMEMBERED_S = 5
# A frame waits for the loop more than once: for the socket to be read, for the reader to be woken.
TURNS = 3


class Lag:
    """Made and stopped inside the loop that it watches."""

    def __init__(self):
        self.delays = collections.deque()  # (when, by how much a beat was late)
        self.beaten_at = time.monotonic()
        self.task = asyncio.create_task(self.beat())

    async def beat(self):
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.monotonic()
            self.delays.append((now, now - self.beaten_at - BEAT_S))
            self.beaten_at = now
            while self.delays[0][0] < now - REMEMBERED_S:
                self.delays.popleft()

    def seconds(self):
        """The most that may have passed between the arrival of what is read now and this call."""
        overdue = time.monotonic() - self.beaten_at - BEAT_S
        return TURNS * max(overdue, 0, *(delay for _, delay in self.delays))

    async def stop(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
