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

from toile.engine.batch_result import BatchResult
from toile.engine.batches import Batches, EpochBatches
from toile.engine.parallel.channels import ARRAYS, Channels, received, send
from toile.engine.parallel.copies import copy_for_shard
from toile.engine.parallel.setup import WorkerSetup
from toile.engine.parallel.shard import Shard, Tensors
from toile.engine.parallel.shared import TensorSpec, shared_bytes, shared_file, shared_tensors
from toile.recipe import Plan, Recipe
from toile.torch_private import BatchNorm

WORKER = (sys.executable, "-P", "-m", "toile.engine.parallel.worker")
Process = subprocess.Popen[bytes]
WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
STEP = struct.Struct("qq")
"""What a worker is told: the epoch and the step in it, both from 0."""
BEGIN_SECONDS = 60.0
"""The longest that who waits for processes to begin waits for one of them."""
END_SECONDS = 5.0


class SharedBuffers(NamedTuple):
    """The memory that all processes see: a network's state, the images, and each part's result.

    The last are, for every part but the first, logits, labels, loss and cross-entropy, gradients.
    `tables` are where the batch norms of each part write for the others.
    """

    state: list[Tensor]
    images: Tensor
    labels: Tensor
    tables: list[Tensor]
    results: list[list[Tensor]]


def shared_buffers(file: int, specs: list[TensorSpec], state: int, parts: int) -> SharedBuffers:
    """The buffers in `file`, whose tensors have `specs`: so many of state, and so many parts."""
    tensors = shared_tensors(file, specs)
    images, labels, *rest = tensors[state:]
    tables, rest = rest[:parts], rest[parts:]
    each = len(rest) // (parts - 1)
    results = [rest[first : first + each] for first in range(0, len(rest), each)]
    return SharedBuffers(tensors[:state], images, labels, tables, results)


def state_of(network: nn.Module) -> list[Tensor]:
    """Weights and buffers, in an order that follows from the plan."""
    return [*network.parameters(), *network.buffers()]


def channels_of(buffers: SharedBuffers, part: int, others: dict[int, Connection]) -> Channels:
    """The channels of `part` to the others."""
    return Channels(part, others, [table.numpy() for table in buffers.tables])


class Workers:
    """The processes of the parts of `whole` beyond the first, and its own first part."""

    def __init__(self, recipe: Recipe, plan: Plan, whole: Shard, batches: Batches) -> None:
        count = int(recipe.training.replicas)
        state = state_of(whole.network)
        sources = [*state, batches.images.contiguous(), batches.labels.contiguous()]
        # The last batch may be larger by one.
        most = -(-(batches.batch_size + 1) // count)
        result = [
            TensorSpec((most, plan.classes), (plan.classes, 1), torch.float32),
            TensorSpec((most,), (1,), torch.int64),
            TensorSpec((2,), (1,), torch.float32),
            *map(TensorSpec.of, whole.weights),
        ]
        specs = [
            *map(TensorSpec.of, sources),
            *[_table(whole.network)] * count,
            *result * (count - 1),
        ]
        setup = WorkerSetup(recipe, plan, batches.pixels, batches.background, count, specs)
        self._channels: dict[int, Connection] = {}
        self._processes: list[Process] = []
        with contextlib.ExitStack() as files:
            memory = shared_file(specs)
            files.callback(os.close, memory)
            buffers = shared_buffers(memory, specs, len(state), count)
            for mine, theirs in zip(
                sources, (*buffers.state, buffers.images, buffers.labels), strict=True
            ):
                theirs.copy_(mine.detach())
            # Every step of the optimiser is seen by all from now on.
            for mine, theirs in zip(state, buffers.state, strict=True):
                mine.data = theirs
            # In a file, for who has been stopped already would not take it from a socket.
            words = shared_bytes(setup.text())
            files.callback(os.close, words)
            try:
                self._begin(count, memory, words)
            except OSError:
                self.close()
                raise
        self._results = buffers.results
        self._all_gather = channels_of(buffers, 0, self._channels)
        copy = copy_for_shard(whole.network, plan, self._all_gather, 0)
        self.own = Shard(recipe, copy, 0, count)
        self._waited_for = set(self._channels)

    def _begin(self, count: int, *files: int) -> None:
        """Begin the processes of parts 1 to `count`, to which `files` are open."""
        channels: list[dict[int, Connection]] = [self._channels, *({} for _ in range(1, count))]
        try:
            for one, other in combinations(range(count), 2):
                channels[one][other], channels[other][one] = Pipe()
            for part, mine in enumerate(channels[1:], 1):
                numbers = [f"{other}:{channel.fileno()}" for other, channel in mine.items()]
                self._processes.append(
                    _process(
                        [*WORKER, *map(str, (*files, part)), *numbers],
                        [*files, *(channel.fileno() for channel in mine.values())],
                    )
                )
        finally:
            for mine in channels[1:]:
                for channel in mine.values():
                    channel.close()

    def are_ready(self, wait: bool = False) -> bool:
        """Whether all have begun; `wait` says to wait until they have.

        Raises WorkerLostError where one is gone, or has not begun after so long a wait.
        """
        for number in sorted(self._waited_for):
            channel = self._channels[number]
            if wait or channel.poll(0):
                received(channel, BEGIN_SECONDS)
                self._waited_for.remove(number)
        return not self._waited_for

    def compute(self, batches: EpochBatches, index: int) -> list[tuple[BatchResult, Tensors]]:
        """The result of every part of step `index`, in order; the next step overwrites the tensors.

        Raises WorkerLostError where a worker is gone, or far too late.
        """
        self._all_gather.begin()
        for channel in self._channels.values():
            send(channel, STEP.pack(batches.number, index))
        done = [self.own.compute(batches, index)]
        for number, result in zip(self._channels, self._results, strict=True):
            size = int.from_bytes(self._all_gather.receive(number), "little")
            logits, labels, (loss, cross_entropy), *gradients = result
            of_part = BatchResult(logits[:size], labels[:size], loss, cross_entropy)
            done.append((of_part, tuple(gradients)))
        self.own.remember()
        return done

    def close(self) -> None:
        """End the processes: none of them writes into the shared memory any more."""
        for process in self._processes:
            # Nothing else ends a process that is stopped.
            process.kill()
        for channel in self._channels.values():
            channel.close()
        for process in self._processes:
            # A debugger that holds it may keep it from us. It is dead nevertheless.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)


def _table(network: nn.Module) -> TensorSpec:
    """The spec of the table that one part's batch norms write, by turns in two halves."""
    norms = [one.num_features for one in network.modules() if isinstance(one, BatchNorm)]
    most = max(norms, default=1)
    return TensorSpec((2, ARRAYS, most), (ARRAYS * most, most, 1), torch.float32)


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
