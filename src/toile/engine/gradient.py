"""The gradient of a batch: computed at once, or in parts side by side (data parallelism).

A process, or a Python thread, for each core is faster than torch's own threads: no operation waits
for another thread's half of it. For s0-cnn with batches of 128 in bfloat16 on two cores, 60,000
images take 5.8 s by processes, 6.4 s by threads, 9.4 s by one thread (medians of twelve runs, Zen
5, torch 2.13).
"""

import time

import torch
from torch import nn

from toile.data import MappedPixels
from toile.engine.batch_result import BatchResult
from toile.engine.batches import Batches, EpochBatches
from toile.engine.layout import laid_out_as
from toile.engine.parallel.batch_norm import WorkerLostError
from toile.engine.parallel.shard import Shard, Tensors
from toile.engine.parallel.threads import Threads
from toile.engine.parallel.workers import Workers
from toile.engine.plain import PlainGradient
from toile.recipe import Plan, Recipe
from toile.torch_private import foreach_add_

WORTH_SECONDS = 5.0
"""Shorter trainings are left to threads, for processes take one or two seconds to begin."""
MOST_BYTES = 1 << 30
"""The most bytes of images for which processes are begun: they have a copy of the images.

Of a set larger than memory there is to be none, however small that is.
"""
STEPS_WATCHED = 10


class Gradient:
    """Computes the gradient of a batch with the settings of `recipe`, which is resolved."""

    def __init__(self, recipe: Recipe, network: nn.Sequential, plan: Plan) -> None:
        self.network = network
        self._recipe, self._plan = recipe, plan
        self._full_shard = Shard(recipe, network)
        self._count = int(recipe.training.shards)
        self._threads = Threads(recipe, network, plan) if self._count > 1 else None
        self._workers: Workers | None = None
        self._may_have_workers = self._count > 1
        self._watched, self._seconds = 0, 0.0

    @property
    def has_workers(self) -> bool:
        """Whether processes compute parts of every batch, or are being begun."""
        return self._workers is not None

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        parts = [] if self._threads is None else list(self._threads.parts)
        if self._workers is not None:
            parts.append(self._workers.shard)
        for part in (self._full_shard, *parts):
            part.train_mode()

    def compute(self, batches: EpochBatches, index: int, steps_left: int = 1) -> BatchResult:
        """Write the gradient of step `index` into the weights; returns the batch's result.

        `steps_left` of the training, this one included, decide whether processes are worth it.
        """
        results, gradients = zip(*self._compute_parts(batches, index, steps_left), strict=True)
        total = list(gradients[0])
        for part_gradients in gradients[1:]:
            foreach_add_(total, part_gradients)
        for weight, gradient in zip(self._full_shard.weights, total, strict=True):
            weight.grad = laid_out_as(weight, gradient)
        if len(results) == 1:
            return results[0]
        logits, labels, losses, cross_entropies = zip(*results, strict=True)
        return BatchResult(
            torch.cat(logits),
            torch.cat(labels),
            torch.stack(losses).sum(),
            torch.stack(cross_entropies).sum(),
        )

    def begin_workers(self, batches: Batches, wait: bool = False) -> None:
        """Begin processes that compute all parts but the first, from when they are ready on.

        Does nothing where a batch has one part, or where processes cannot be begun.
        """
        is_mapped = isinstance(batches.images, MappedPixels)
        if self._workers is not None or not self._may_have_workers or is_mapped:
            return
        try:
            self._workers = Workers(self._recipe, self._plan, self._full_shard, batches)
            self._workers.shard.train_mode()
            self._workers.are_ready(wait)
        except (OSError, WorkerLostError):
            self._lose_workers()

    def close(self) -> None:
        """End the processes, if there are any; a training that goes on is timed anew."""
        self._watched, self._seconds = 0, 0.0
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def _lose_workers(self) -> None:
        """Compute their parts by threads from now on; the results are the same."""
        self._may_have_workers = False
        self.close()

    def _compute_parts(
        self, batches: EpochBatches, index: int, steps_left: int
    ) -> list[tuple[BatchResult, Tensors]]:
        # The last batch of an epoch may have fewer images than there are parts.
        if self._threads is None or batches.size(index) < self._count:
            return [self._full_shard.compute(batches, index)]
        if self._workers is not None:
            try:
                if self._workers.are_ready():
                    return self._workers.compute(batches, index)
            except WorkerLostError:
                self._lose_workers()
        started = time.perf_counter()
        parts = self._threads.compute(batches, index)
        self._watch(time.perf_counter() - started, batches.batches, steps_left)
        return parts

    def _watch(self, seconds: float, batches: Batches, steps_left: int) -> None:
        """Begin workers where the first steps show that the rest of the training is worth it."""
        self._watched += 1
        self._seconds += seconds
        if self._watched != STEPS_WATCHED:
            return
        worth = self._seconds / STEPS_WATCHED * steps_left >= WORTH_SECONDS
        if worth and batches.images.nbytes <= MOST_BYTES:
            self.begin_workers(batches)


AnyGradient = Gradient | PlainGradient


def make_gradient(recipe: Recipe, network: nn.Sequential, plan: Plan) -> AnyGradient:
    """The engine for `network` that `training.engine` of `recipe`, which is resolved, names."""
    if recipe.training.engine == "plain":
        return PlainGradient(recipe, network)
    return Gradient(recipe, network, plan)
