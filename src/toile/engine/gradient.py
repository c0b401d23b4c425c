"""The gradient of a batch: taken at once, or in parts side by side.

A process, or a thread of Python's, that computes on one core beats torch's own second thread: no
operation waits for the other's half of it. s0-cnn's batch of 128 in bfloat16 on two cores, seconds
for 60,000 images: 5.8 in parts by processes, 6.4 by threads, 9.4 by one thread (medians of twelve
turns, Zen 5, torch 2.13).
"""

import time

import torch
from torch import nn

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
"""What sooner comes to its end is left to threads: processes take one or two seconds to begin."""
MOST_BYTES = 1 << 30
"""Of images: the processes have a copy of them."""
STEPS_WATCHED = 10


class Gradient:
    """Takes gradients of `network` as `recipe`, resolved, says."""

    def __init__(self, recipe: Recipe, network: nn.Sequential, plan: Plan) -> None:
        self.network = network
        self._recipe, self._plan = recipe, plan
        self._whole = Shard(recipe, network)
        self._count = int(recipe.training.replicas)
        self._threads = Threads(recipe, network, plan) if self._count > 1 else None
        self._workers: Workers | None = None
        self._may_have_workers = self._count > 1
        self._watched, self._seconds = 0, 0.0

    @property
    def has_workers(self) -> bool:
        """Whether processes take parts of every batch, or begin to."""
        return self._workers is not None

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        parts = [] if self._threads is None else list(self._threads.parts)
        if self._workers is not None:
            parts.append(self._workers.own)
        for part in (self._whole, *parts):
            part.train_mode()

    def compute(self, batches: EpochBatches, index: int, steps_left: int = 1) -> BatchResult:
        """Leave the gradient of step `index` in the weights; returns the batch's result.

        `steps_left` of the training, with this one, tell whether processes are worth beginning.
        """
        results, gradients = zip(*self._computed(batches, index, steps_left), strict=True)
        total = list(gradients[0])
        for other in gradients[1:]:
            foreach_add_(total, other)
        for weight, gradient in zip(self._whole.weights, total, strict=True):
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
        """Have the parts beyond the first computed by processes, from when they are ready on.

        Does nothing where a batch has one part, or where processes cannot be had.
        """
        if self._workers is not None or not self._may_have_workers:
            return
        try:
            self._workers = Workers(self._recipe, self._plan, self._whole, batches)
            self._workers.own.train_mode()
            self._workers.are_ready(wait)
        except (OSError, WorkerLostError):
            self._lose_workers()

    def close(self) -> None:
        """End the processes, if there are any; a training that goes on is watched anew."""
        self._watched, self._seconds = 0, 0.0
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def _lose_workers(self) -> None:
        """Leave their parts to threads from now on: the numbers are the same."""
        self._may_have_workers = False
        self.close()

    def _computed(
        self, batches: EpochBatches, index: int, steps_left: int
    ) -> list[tuple[BatchResult, Tensors]]:
        # What is left over at the end of an epoch may be fewer than there are parts.
        if self._threads is None or batches.size(index) < self._count:
            return [self._whole.compute(batches, index)]
        if self._workers is not None:
            try:
                if self._workers.are_ready():
                    return self._workers.compute(batches, index)
            except WorkerLostError:
                self._lose_workers()
        started = time.perf_counter()
        done = self._threads.compute(batches, index)
        self._watch(time.perf_counter() - started, batches.batches, steps_left)
        return done

    def _watch(self, seconds: float, batches: Batches, steps_left: int) -> None:
        """Begin workers where some steps have told that the rest of the training is worth it."""
        self._watched += 1
        self._seconds += seconds
        if self._watched != STEPS_WATCHED:
            return
        worth = self._seconds / STEPS_WATCHED * steps_left >= WORTH_SECONDS
        if worth and batches.images.nbytes <= MOST_BYTES:
            self.begin_workers(batches)


AnyGradient = Gradient | PlainGradient


def make_gradient(recipe: Recipe, network: nn.Sequential, plan: Plan) -> AnyGradient:
    """What computes gradients of `network` as `training.engine` of `recipe`, resolved, says."""
    if recipe.training.engine == "plain":
        return PlainGradient(recipe, network)
    return Gradient(recipe, network, plan)
