"""Processes that each compute a part of every batch.

Python lets one thread of a process go on at a time; processes do not wait for each other. They
take one or two seconds to begin, so a training begins without them, and goes on without them where
one ends, is stopped or far too slow: no number depends on who computed a part.
"""

import contextlib
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from toile.engine.batches import Batches, EpochBatches
from toile.engine.parallel.channels import ARRAYS, Lanes, received, send
from toile.engine.parallel.part import Found, Part, Tensors
from toile.engine.parallel.parts import copy_of_part
from toile.engine.parallel.setup import WorkerSetup
from toile.engine.parallel.shared import Form, shared_bytes, shared_file, shared_tensors
from toile.recipe import Plan, Recipe

PARTNER = (sys.executable, "-P", "-m", "toile.engine.parallel.worker")
Process = subprocess.Popen[bytes]
WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
STEP = struct.Struct("qq")
"""What a partner is told: the epoch and the step in it, both from 0."""
BEGIN_SECONDS = 60.0
"""The longest that who waits for processes to begin waits for one of them."""
END_SECONDS = 5.0


class Room(NamedTuple):
    """What the processes see together: a network's state, the images, and what each part found.

    The last are, for every part but the first, logits, labels, loss and cross-entropy, gradients.
    `tables` are where the batch norms of each part write for the others.
    """

    state: list[Tensor]
    images: Tensor
    labels: Tensor
    tables: list[Tensor]
    found: list[list[Tensor]]


def room_of(file: int, forms: list[Form], state: int, parts: int) -> Room:
    """The room in `file`, whose tensors have `forms`: so many of state, and so many parts."""
    tensors = shared_tensors(file, forms)
    images, labels, *rest = tensors[state:]
    tables, rest = rest[:parts], rest[parts:]
    each = len(rest) // (parts - 1)
    found = [rest[first : first + each] for first in range(0, len(rest), each)]
    return Room(tensors[:state], images, labels, tables, found)


def state_of(network: nn.Module) -> list[Tensor]:
    """Weights and buffers, in an order that follows from the plan."""
    return [*network.parameters(), *network.buffers()]


def lanes_of(room: Room, part: int, others: dict[int, Connection]) -> Lanes:
    """Where `part` meets the others."""
    return Lanes(part, others, [table.numpy() for table in room.tables])


class Partners:
    """The processes of the parts of `whole` beyond the first, and its own first part."""

    def __init__(self, recipe: Recipe, plan: Plan, whole: Part, batches: Batches) -> None:
        count = int(recipe.training.replicas)
        state = state_of(whole.network)
        given = [*state, batches.images.contiguous(), batches.labels.contiguous()]
        # The last batch may be larger by one.
        most = -(-(batches.batch_size + 1) // count)
        found = [
            Form((most, plan.classes), (plan.classes, 1), torch.float32),
            Form((most,), (1,), torch.int64),
            Form((2,), (1,), torch.float32),
            *map(Form.of, whole.weights),
        ]
        forms = [*map(Form.of, given), *[_table(whole.network)] * count, *found * (count - 1)]
        setup = WorkerSetup(recipe, plan, batches.pixels, batches.background, count, forms)
        self._lanes: dict[int, Connection] = {}
        self._processes: list[Process] = []
        with contextlib.ExitStack() as files:
            memory = shared_file(forms)
            files.callback(os.close, memory)
            room = room_of(memory, forms, len(state), count)
            for mine, theirs in zip(given, (*room.state, room.images, room.labels), strict=True):
                theirs.copy_(mine.detach())
            # Every step of the optimiser is seen by all from now on.
            for mine, theirs in zip(state, room.state, strict=True):
                mine.data = theirs
            # In a file, for who has been stopped already would not take it from a socket.
            words = shared_bytes(setup.text())
            files.callback(os.close, words)
            try:
                self._begin(count, memory, words)
            except OSError:
                self.close()
                raise
        self._found = room.found
        self._meeting = lanes_of(room, 0, self._lanes)
        copy = copy_of_part(whole.network, plan, self._meeting, 0)
        self.own = Part(recipe, copy, 0, count)
        self._waited_for = set(self._lanes)

    def _begin(self, count: int, *files: int) -> None:
        """Begin the processes of parts 1 to `count`, to which `files` are open."""
        lanes: list[dict[int, Connection]] = [self._lanes, *({} for _ in range(1, count))]
        try:
            for one, other in combinations(range(count), 2):
                lanes[one][other], lanes[other][one] = Pipe()
            for part, mine in enumerate(lanes[1:], 1):
                numbers = [f"{other}:{lane.fileno()}" for other, lane in mine.items()]
                self._processes.append(
                    _process(
                        [*PARTNER, *map(str, (*files, part)), *numbers],
                        [*files, *(lane.fileno() for lane in mine.values())],
                    )
                )
        finally:
            for mine in lanes[1:]:
                for lane in mine.values():
                    lane.close()

    def are_ready(self, wait: bool = False) -> bool:
        """Whether all have begun; `wait` says to wait until they have.

        Raises LeftError where one is gone, or has not begun after so long a wait.
        """
        for number in sorted(self._waited_for):
            lane = self._lanes[number]
            if wait or lane.poll(0):
                received(lane, BEGIN_SECONDS)
                self._waited_for.remove(number)
        return not self._waited_for

    def take(self, batches: EpochBatches, index: int) -> list[tuple[Found, Tensors]]:
        """What every part of step `index` found, in their order; tensors are the next step's too.

        Raises LeftError where a partner is gone, or far too late.
        """
        self._meeting.begin()
        for lane in self._lanes.values():
            send(lane, STEP.pack(batches.number, index))
        done = [self.own.take(batches, index)]
        for number, found in zip(self._lanes, self._found, strict=True):
            size = int.from_bytes(self._meeting.receive(number), "little")
            logits, labels, (loss, entropy), *gradients = found
            of_part = Found(logits[:size], labels[:size], loss, entropy)
            done.append((of_part, tuple(gradients)))
        self.own.remember()
        return done

    def close(self) -> None:
        """End the processes: none of them writes into the shared memory any more."""
        for process in self._processes:
            # Nothing else ends a process that is stopped.
            process.kill()
        for lane in self._lanes.values():
            lane.close()
        for process in self._processes:
            # A debugger that holds it may keep it from us. It is dead nevertheless.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)


def _table(network: nn.Module) -> Form:
    """The form of where one part's batch norms write, by turns at two places."""
    norms = [one.num_features for one in network.modules() if isinstance(one, _BatchNorm)]
    most = max(norms, default=1)
    return Form((2, ARRAYS, most), (ARRAYS * most, most, 1), torch.float32)


def _process(words: list[str], files: list[int]) -> Process:
    with _without_interrupts():
        return subprocess.Popen(  # noqa: S603 - our own command
            words,
            pass_fds=files,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # To be set before torch is imported, which happens before its first line runs.
            env=WAITING | os.environ,
        )


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is begun meanwhile hears no Ctrl-C: it reaches every process of a terminal.

    The training's own process decides what it means.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
