"""Processes that each compute a part of every batch.

Python runs one thread of a process at a time; processes do not wait for each other. They take one
or two seconds to begin, so a training begins without them. It also goes on without them where one
ends, is stopped or is far too slow: results do not depend on who computed a part.
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
from toile.engine.parallel.channels import ARRAYS, Channels, receive_from, send
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
"""The message that asks a worker for a step: the epoch and the step in it, both from 0."""
BEGIN_SECONDS = 60.0
"""The most seconds to wait for a process to begin."""
END_SECONDS = 5.0


class SharedBuffers(NamedTuple):
    """The memory that all processes share: the network's state, the images and the results.

    `results` are, for every part but the first, logits, labels, loss and cross-entropy, gradients.
    The batch norms of each part write into its table, for the others to read.
    """

    state: list[Tensor]
    images: Tensor
    labels: Tensor
    tables: list[Tensor]
    results: list[list[Tensor]]


def shared_buffers(file: int, specs: list[TensorSpec], state: int, parts: int) -> SharedBuffers:
    """The buffers in `file`, of tensors with `specs`: `state` is the number of state tensors."""
    tensors = shared_tensors(file, specs)
    images, labels, *remaining = tensors[state:]
    tables, remaining = remaining[:parts], remaining[parts:]
    num_tensors = len(remaining) // (parts - 1)
    results = [
        remaining[first : first + num_tensors] for first in range(0, len(remaining), num_tensors)
    ]
    return SharedBuffers(tensors[:state], images, labels, tables, results)


def state_of(network: nn.Module) -> list[Tensor]:
    """Weights and buffers, in an order that follows from the plan."""
    return [*network.parameters(), *network.buffers()]


def channels_of(buffers: SharedBuffers, part: int, connections: dict[int, Connection]) -> Channels:
    """The channels of `part` to the other parts."""
    return Channels(part, connections, [table.numpy() for table in buffers.tables])


class Workers:
    """The processes that compute all parts but the first, and the `shard` of the first part.

    `full_shard` computes undivided batches; the network's state moves into shared memory.
    """

    def __init__(self, recipe: Recipe, plan: Plan, full_shard: Shard, batches: Batches) -> None:
        count = int(recipe.training.shards)
        state = state_of(full_shard.network)
        assert isinstance(batches.images, Tensor)
        sources = [*state, batches.images.contiguous(), batches.labels.contiguous()]
        # The last batch may be larger by one.
        most = -(-(batches.batch_size + 1) // count)
        result = [
            TensorSpec((most, plan.classes), (plan.classes, 1), torch.float32),
            TensorSpec((most,), (1,), torch.int64),
            TensorSpec((2,), (1,), torch.float32),
            *map(TensorSpec.of, full_shard.weights),
        ]
        specs = [
            *map(TensorSpec.of, sources),
            *[_table(full_shard.network)] * count,
            *result * (count - 1),
        ]
        setup = WorkerSetup(recipe, plan, batches.pixels, batches.background, count, specs)
        self._channels: dict[int, Connection] = {}
        self._processes: list[Process] = []
        with contextlib.ExitStack() as files:
            memory = shared_file(specs)
            files.callback(os.close, memory)
            buffers = shared_buffers(memory, specs, len(state), count)
            for tensor, shared in zip(
                sources, (*buffers.state, buffers.images, buffers.labels), strict=True
            ):
                shared.copy_(tensor.detach())
            # From here on every process sees the weights that the optimiser updates.
            for tensor, shared in zip(state, buffers.state, strict=True):
                tensor.data = shared
            # In a file, for a process that is stopped would not read it from a socket.
            setup_file = shared_bytes(setup.text())
            files.callback(os.close, setup_file)
            try:
                self._begin(count, memory, setup_file)
            except OSError:
                self.close()
                raise
        self._results = buffers.results
        self._all_gather = channels_of(buffers, 0, self._channels)
        copy = copy_for_shard(full_shard.network, plan, self._all_gather, 0)
        self.shard = Shard(recipe, copy, 0, count)
        self._pending = set(self._channels)

    def _begin(self, count: int, *files: int) -> None:
        """Begin the processes of all parts but the first, which inherit `files`."""
        channels: list[dict[int, Connection]] = [self._channels, *({} for _ in range(1, count))]
        try:
            for first, second in combinations(range(count), 2):
                channels[first][second], channels[second][first] = Pipe()
            for part, connections in enumerate(channels[1:], 1):
                arguments = [f"{peer}:{channel.fileno()}" for peer, channel in connections.items()]
                self._processes.append(
                    _process(
                        [*WORKER, *map(str, (*files, part)), *arguments],
                        [*files, *(channel.fileno() for channel in connections.values())],
                    )
                )
        finally:
            for connections in channels[1:]:
                for channel in connections.values():
                    channel.close()

    def are_ready(self, wait: bool = False) -> bool:
        """Whether all processes have begun; with `wait`, waits until they have.

        Raises WorkerLostError where one is gone, or has not begun after BEGIN_SECONDS.
        """
        for number in sorted(self._pending):
            channel = self._channels[number]
            if wait or channel.poll(0):
                receive_from(channel, BEGIN_SECONDS)
                self._pending.remove(number)
        return not self._pending

    def compute(self, batches: EpochBatches, index: int) -> list[tuple[BatchResult, Tensors]]:
        """The result of every part of step `index`, in order; the next step overwrites the tensors.

        Raises WorkerLostError where a worker is gone, or far too late.
        """
        self._all_gather.begin()
        for channel in self._channels.values():
            send(channel, STEP.pack(batches.number, index))
        parts = [self.shard.compute(batches, index)]
        for number, result in zip(self._channels, self._results, strict=True):
            size = int.from_bytes(self._all_gather.receive(number), "little")
            logits, labels, (loss, cross_entropy), *gradients = result
            part = BatchResult(logits[:size], labels[:size], loss, cross_entropy)
            parts.append((part, tuple(gradients)))
        self.shard.remember()
        return parts

    def close(self) -> None:
        """End the processes, so that none of them writes into the shared memory any more."""
        for process in self._processes:
            # A process that is stopped ends by SIGKILL alone.
            process.kill()
        for channel in self._channels.values():
            channel.close()
        for process in self._processes:
            # A debugger may keep it from being reaped; it is dead nevertheless.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)


def _table(network: nn.Module) -> TensorSpec:
    """The spec of the table into which one part's batch norms write, in two halves by turns."""
    norms = [norm.num_features for norm in network.modules() if isinstance(norm, BatchNorm)]
    most = max(norms, default=1)
    return TensorSpec((2, ARRAYS, most), (ARRAYS * most, most, 1), torch.float32)


def _process(command: list[str], files: list[int]) -> Process:
    with _without_interrupts():
        return subprocess.Popen(  # noqa: S603 - our own command
            command,
            pass_fds=files,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Must be set before torch is imported, which is before the worker's first line runs.
            env=WAITING | os.environ,
        )


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes begun in this block ignore Ctrl-C, which reaches every process of a terminal.

    The training's process alone decides what Ctrl-C does.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
