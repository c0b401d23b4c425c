"""What the processes that compute the parts of a batch tell each other, and how they wait.

Numbers go through memory that all of them see, and a socket tells that they are there. So a message
is a few bytes, which a socket always has room for, and nobody waits for another in order to send.
"""

import math
import os
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

import numpy as np

from toile.engine.parallel.batch_norm import WorkerLostError

SPIN_SECONDS = 0.002
"""How long a process spins before it sleeps: 9 us there and back, 75 where it sleeps at once."""
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 3.0
PATIENCE_FACTOR = 5
"""How long the first part waits for another: so many seconds, or times the work it did itself."""
ORPHANS_PATIENCE_SECONDS = 60.0
"""How long the others wait for each other. The first part judges; this is for when that is gone."""
ARRAYS = 3
"""The most that a batch norm shares at once."""
WRITTEN = b"w"


def received(channel: Connection, seconds: float = math.inf) -> bytes:
    """The next message.

    Raises WorkerLostError where none comes in `seconds` or the other end is gone.
    """
    until = time.perf_counter() + SPIN_SECONDS
    try:
        while not channel.poll(0) and time.perf_counter() < until:
            _give_way()
        # Looks are counted, for a clock also runs while this process itself is stopped.
        looks = 0 if math.isinf(seconds) else math.ceil(seconds / LOOK_SECONDS)
        if looks and not any(channel.poll(LOOK_SECONDS) for _ in range(looks)):
            raise WorkerLostError
        return channel.recv_bytes()
    except (EOFError, OSError) as error:
        raise WorkerLostError from error


def send(channel: Connection, message: bytes) -> None:
    """Send a message of a few bytes; raises WorkerLostError where the other end is gone."""
    try:
        channel.send_bytes(message)
    except OSError as error:
        raise WorkerLostError from error


def _give_way() -> None:
    """Let another process have this core, if one wants it."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()


class Channels:
    """The all-gather of part `own` and the other parts, each in a process of its own.

    `tables` of every part, (2, ARRAYS, features), are seen by all. Each is written by its own part,
    at one place and the other by turns: who is ahead may have written its next numbers, and gets no
    further before all have read the last.
    """

    def __init__(
        self, own: int, others: Mapping[int, Connection], tables: Sequence[np.ndarray]
    ) -> None:
        self._own, self._others, self._tables = own, others, tables
        self._turn = 0
        self.begin()

    def begin(self) -> None:
        """A step begins. How long the others may take is told by what its work takes here."""
        self._began = time.thread_time()

    def receive(self, other: int) -> bytes:
        """The next message of part `other`.

        Raises WorkerLostError where it is gone, or far too late.
        """
        if other == 0:
            # The first part's process is whose work this is; where it ends, so does the channel.
            return received(self._others[other])
        least = ORPHANS_PATIENCE_SECONDS if self._own else PATIENCE_SECONDS
        worked = time.thread_time() - self._began
        return received(self._others[other], max(least, PATIENCE_FACTOR * worked))

    def gather(self, part: int, mine: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Each array of `mine`, all of one length, stacked with those of other parts."""
        self._turn = 1 - self._turn
        shape = slice(len(mine)), slice(len(mine[0]))
        tables = [table[self._turn][shape] for table in self._tables]
        np.stack(mine, out=tables[part])
        for channel in self._others.values():
            send(channel, WRITTEN)
        for other in self._others:
            self.receive(other)
        return list(np.stack(tables, axis=1))
