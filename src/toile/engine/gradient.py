"""The gradient of a batch: taken at once, or in parts side by side.

A process, or a thread of Python's, that computes on one core beats torch's own second thread: no
operation waits for the other's half of it. s0-cnn's batch of 128 in bfloat16 on two cores, seconds
for 60,000 images: 5.8 in parts by processes, 6.4 by threads, 9.4 by one thread (medians of twelve
turns, Zen 5, torch 2.13).
"""

import time

import torch
from torch import nn

from toile.engine.batches import Batches, EpochBatches
from toile.engine.layout import laid_out_as
from toile.engine.parallel.batch_norm import LeftError
from toile.engine.parallel.part import Found, Part, Tensors
from toile.engine.parallel.threads import Threads
from toile.engine.parallel.workers import Partners
from toile.recipe import Plan, Recipe

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
        self._whole = Part(recipe, network)
        self._count = int(recipe.training.replicas)
        self._threads = Threads(recipe, network, plan) if self._count > 1 else None
        self._partners: Partners | None = None
        self._may_have_partners = self._count > 1
        self._watched, self._seconds = 0, 0.0

    @property
    def has_partners(self) -> bool:
        """Whether processes take parts of every batch, or begin to."""
        return self._partners is not None

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        parts = [] if self._threads is None else list(self._threads.parts)
        if self._partners is not None:
            parts.append(self._partners.own)
        for part in (self._whole, *parts):
            part.train_mode()

    def take(self, batches: EpochBatches, index: int, steps_left: int = 1) -> Found:
        """Leave the gradient of step `index` in the weights; returns what the batch gave.

        `steps_left` of the training, with this one, tell whether processes are worth beginning.
        """
        found, gradients = zip(*self._taken(batches, index, steps_left), strict=True)
        total = list(gradients[0])
        for other in gradients[1:]:
            torch._foreach_add_(total, other)
        for weight, gradient in zip(self._whole.weights, total, strict=True):
            weight.grad = laid_out_as(weight, gradient)
        if len(found) == 1:
            return found[0]
        logits, labels, losses, entropies = zip(*found, strict=True)
        return Found(
            torch.cat(logits),
            torch.cat(labels),
            torch.stack(losses).sum(),
            torch.stack(entropies).sum(),
        )

    def begin_partners(self, batches: Batches, wait: bool = False) -> None:
        """Have the parts beyond the first computed by processes, from when they are ready on.

        Does nothing where a batch has one part, or where processes cannot be had.
        """
        if self._partners is not None or not self._may_have_partners:
            return
        try:
            self._partners = Partners(self._recipe, self._plan, self._whole, batches)
            self._partners.own.train_mode()
            self._partners.are_ready(wait)
        except (OSError, LeftError):
            self._lose_partners()

    def close(self) -> None:
        """End the processes, if there are any; a training that goes on is watched anew."""
        self._watched, self._seconds = 0, 0.0
        if self._partners is not None:
            self._partners.close()
            self._partners = None

    def _lose_partners(self) -> None:
        """Leave their parts to threads from now on: the numbers are the same."""
        self._may_have_partners = False
        self.close()

    def _taken(
        self, batches: EpochBatches, index: int, steps_left: int
    ) -> list[tuple[Found, Tensors]]:
        # What is left over at the end of an epoch may be fewer than there are parts.
        if self._threads is None or batches.size(index) < self._count:
            return [self._whole.take(batches, index)]
        if self._partners is not None:
            try:
                if self._partners.are_ready():
                    return self._partners.take(batches, index)
            except LeftError:
                self._lose_partners()
        started = time.perf_counter()
        done = self._threads.take(batches, index)
        self._watch(time.perf_counter() - started, batches.batches, steps_left)
        return done

    def _watch(self, seconds: float, batches: Batches, steps_left: int) -> None:
        """Begin partners where some steps have told that the rest of the training is worth it."""
        self._watched += 1
        self._seconds += seconds
        if self._watched != STEPS_WATCHED:
            return
        worth = self._seconds / STEPS_WATCHED * steps_left >= WORTH_SECONDS
        if worth and batches.images.nbytes <= MOST_BYTES:
            self.begin_partners(batches)
