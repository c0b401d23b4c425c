"""Messages between the processes that compute the parts of a batch, and how they wait.

Arrays go through shared memory, and a message through a socket says that they are there. A message
is a few bytes, which always fit into a socket's buffer, so sending never waits.
"""

import math
import os
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

import numpy as np

from toile.engine.parallel.batch_norm import WorkerLostError

SPIN_SECONDS = 0.002
"""Seconds to spin before sleeping. A round trip takes 9 us spinning, and 75 after a sleep."""
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 3.0
PATIENCE_FACTOR = 5
"""The first part waits for another this many seconds, or this many times its own computing time."""
ORPHANS_PATIENCE_SECONDS = 60.0
"""Seconds for which other parts wait for each other, in case the first part's process is gone."""
ARRAYS = 3
"""The most arrays that a batch norm gathers at once."""
WRITTEN = b"w"


def receive_from(channel: Connection, seconds: float = math.inf) -> bytes:
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
    """Yield this core to another process that waits for one."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()


class Channels:
    """The all-gather of `part` with the other parts, each in its own process.

    All processes see the table of every part, (2, ARRAYS, features). A part writes its own table,
    into the two halves by turns: a part that is ahead may already write its next arrays, and then
    waits until all have read the last ones.
    """

    def __init__(
        self, part: int, connections: Mapping[int, Connection], tables: Sequence[np.ndarray]
    ) -> None:
        self._part, self._connections, self._tables = part, connections, tables
        self._turn = 0
        self.begin()

    def begin(self) -> None:
        """Begin a step. Its computing time here decides how long the others may take."""
        self._began = time.thread_time()

    def receive(self, sender: int) -> bytes:
        """The next message of part `sender`.

        Raises WorkerLostError where that part is gone, or far too late.
        """
        if sender == 0:
            # The first part's process is the training's; where it ends, so does the channel.
            return receive_from(self._connections[sender])
        least = ORPHANS_PATIENCE_SECONDS if self._part else PATIENCE_SECONDS
        busy_seconds = time.thread_time() - self._began
        return receive_from(self._connections[sender], max(least, PATIENCE_FACTOR * busy_seconds))

    def gather(self, part: int, arrays: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Each of `arrays`, all of one length, stacked with those of the other parts."""
        self._turn = 1 - self._turn
        shape = slice(len(arrays)), slice(len(arrays[0]))
        tables = [table[self._turn][shape] for table in self._tables]
        np.stack(arrays, out=tables[part])
        for channel in self._connections.values():
            send(channel, WRITTEN)
        for sender in self._connections:
            self.receive(sender)
        return list(np.stack(tables, axis=1))
