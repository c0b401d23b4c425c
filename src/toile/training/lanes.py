"""What the processes that compute the parts of a batch tell each other, and how they wait."""

import os
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection

import numpy as np

from toile.network import LeftError

SPIN_SECONDS = 0.002
"""So long a process looks again and again: 9 us there and back, and 75 where it sleeps at once."""


def received(lane: Connection) -> bytes:
    """The next message; waits for it. Raises EOFError or OSError where the other end is gone."""
    until = time.perf_counter() + SPIN_SECONDS
    while not lane.poll(0) and time.perf_counter() < until:
        _give_way()
    return lane.recv_bytes()


def _give_way() -> None:
    """Let another process have this core, if one wants it."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()


class Lanes:
    """Where a part's batch norms meet those of the other parts, each in a process of its own."""

    def __init__(self, others: Mapping[int, Connection]) -> None:
        self._others = others

    def share(self, part: int, mine: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Each array of `mine`, all of one length and dtype, stacked with those of other parts."""
        table = np.stack(mine)
        message = table.tobytes()
        try:
            for lane in self._others.values():
                lane.send_bytes(message)
            given = {part: table} | {
                other: np.frombuffer(received(lane), table.dtype).reshape(table.shape)
                for other, lane in self._others.items()
            }
        except (EOFError, OSError) as error:
            raise LeftError from error
        return list(np.stack([given[number] for number in sorted(given)], axis=1))
