"""Processes that each compute a part of every batch.

Python lets one thread of a process go on at a time; processes do not wait for each other. They
take one or two seconds to begin, so a training begins without them, and goes on without them where
one ends: no number depends on who computed a part.
"""

import os
import struct
import subprocess
import sys
from itertools import combinations
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NamedTuple

import torch
from torch import Tensor, nn

from toile.network import Pixels, copy_of_part
from toile.recipe import Plan, Recipe
from toile.training.batches import Batches, EpochBatches
from toile.training.lanes import Lanes, received
from toile.training.part import Found, Part, Tensors
from toile.training.shared import Form, shared_file, shared_tensors

PARTNER = (sys.executable, "-P", "-m", "toile.training.partner")
Process = subprocess.Popen[bytes]
WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
STEP = struct.Struct("qq")
"""What a partner is told: the epoch and the step in it, both from 0."""


class Task(NamedTuple):
    """What a partner must know. Their memory holds tensors of `forms`, as in `Room`."""

    recipe: Recipe
    plan: Plan
    pixels: Pixels
    background: tuple[float, ...]
    part: int
    parts: int
    forms: list[Form]


class Room(NamedTuple):
    """What the processes see together: a network's state, the images, and what each part found.

    The last are, for every part but the first, logits, labels, loss and cross-entropy, gradients.
    """

    state: list[Tensor]
    images: Tensor
    labels: Tensor
    found: list[list[Tensor]]


def room_of(file: int, forms: list[Form], state: int, parts: int) -> Room:
    """The room in `file`, whose tensors have `forms`: so many of state, and so many parts."""
    tensors = shared_tensors(file, forms)
    images, labels, *rest = tensors[state:]
    each = len(rest) // (parts - 1)
    found = [rest[first : first + each] for first in range(0, len(rest), each)]
    return Room(tensors[:state], images, labels, found)


def state_of(network: nn.Module) -> list[Tensor]:
    """Weights and buffers, in an order that follows from the plan."""
    return [*network.parameters(), *network.buffers()]


class Partners:
    """The processes of the parts of `whole` beyond the first, and its own first part."""

    def __init__(self, recipe: Recipe, plan: Plan, whole: Part, batches: Batches) -> None:
        count = int(recipe.training.replicas)
        state = state_of(whole.network)
        given = [*state, batches.images.contiguous(), batches.labels.contiguous()]
        forms = [Form.of(one) for one in given]
        # The last batch may be larger by one.
        most = -(-(batches.batch_size + 1) // count)
        found = [
            Form((most, plan.classes), (plan.classes, 1), torch.float32),
            Form((most,), (1,), torch.int64),
            Form((2,), (1,), torch.float32),
            *map(Form.of, whole.weights),
        ]
        forms += found * (count - 1)
        descriptor = shared_file(forms)
        room = room_of(descriptor, forms, len(state), count)
        for mine, theirs in zip(given, (*room.state, room.images, room.labels), strict=True):
            theirs.copy_(mine.detach())
        # Every step of the optimiser is seen by all from now on.
        for mine, theirs in zip(state, room.state, strict=True):
            mine.data = theirs
        self._found = room.found
        self._lanes, self._processes = _begun(count, descriptor)
        look = batches.pixels, batches.background
        try:
            for number, lane in self._lanes.items():
                lane.send(Task(recipe, plan, *look, number, count, forms))
        except OSError:
            self.close()
            raise
        copy = copy_of_part(whole.network, plan, Lanes(self._lanes), 0)
        self.own = Part(recipe, copy, 0, count)
        self._waited_for = set(self._lanes)

    def are_ready(self, wait: bool = False) -> bool:
        """Whether all have begun; `wait` says to wait until they have."""
        for number in sorted(self._waited_for):
            lane = self._lanes[number]
            if wait or lane.poll(0):
                lane.recv_bytes()
                self._waited_for.remove(number)
        return not self._waited_for

    def take(self, batches: EpochBatches, index: int) -> list[tuple[Found, Tensors]]:
        """What every part of step `index` found, in their order; tensors are the next step's too.

        Raises EOFError, OSError or LeftError where a partner is gone.
        """
        for lane in self._lanes.values():
            lane.send_bytes(STEP.pack(batches.number, index))
        done = [self.own.take(batches, index)]
        for lane, found in zip(self._lanes.values(), self._found, strict=True):
            size = int.from_bytes(received(lane), "little")
            logits, labels, (loss, entropy), *gradients = found
            of_part = Found(logits[:size], labels[:size], loss, entropy)
            done.append((of_part, tuple(gradients)))
        self.own.remember()
        return done

    def close(self) -> None:
        """End the processes."""
        for lane in self._lanes.values():
            lane.close()
        for process in self._processes:
            process.kill()
            process.wait()


def _begun(count: int, descriptor: int) -> tuple[dict[int, Connection], list[Process]]:
    """The lanes of part 0 to the others, by number, and the processes of those."""
    lanes: list[dict[int, Connection]] = [{} for _ in range(count)]
    for one, other in combinations(range(count), 2):
        lanes[one][other], lanes[other][one] = Pipe()
    processes = []
    for mine in lanes[1:]:
        numbers = [f"{other}:{lane.fileno()}" for other, lane in mine.items()]
        kept = [descriptor, *(lane.fileno() for lane in mine.values())]
        words = [*PARTNER, str(descriptor), *numbers]
        processes.append(
            subprocess.Popen(  # noqa: S603 - our own command
                words,
                pass_fds=kept,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # To be set before torch is imported, which happens before its first line runs.
                env=WAITING | os.environ,
            )
        )
    for mine in lanes[1:]:
        for lane in mine.values():
            lane.close()
    os.close(descriptor)
    return lanes[0], processes
