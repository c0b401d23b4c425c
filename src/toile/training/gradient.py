"""The gradient of a batch: taken at once, or in parts side by side.

A thread of Python's that computes on one core beats torch's own second thread: no operation waits
for the other's half of it. s0-cnn's batch of 128 in bfloat16 on two cores: 6.2 s for 60,000 images
in two parts, 11.0 by two threads of torch's, 12.2 by one (Zen 5, torch 2.13).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from toile.network import Chain, LeftError, copies_in_parts, reseed_dropout
from toile.recipe import Plan, Recipe
from toile.training.batches import Batch, EpochBatches
from toile.training.loss import smoothed_cross_entropy
from toile.training.optimizer import laid_out_as

Tensors = tuple[Tensor, ...]


class Found(NamedTuple):
    """Of a batch, or a part of it: logits in float32, labels, loss, and summed cross-entropy."""

    logits: Float[Tensor, "b k"]
    labels: Int[Tensor, " b"]
    loss: Float[Tensor, ""]
    entropy: Float[Tensor, ""]


class Gradient:
    """Takes gradients of `network` as `recipe`, resolved, says."""

    def __init__(self, recipe: Recipe, network: nn.Sequential, plan: Plan) -> None:
        self._training, self._seed = recipe.training, recipe.seed
        self.network = network
        self.parts: tuple[nn.Sequential, ...] = ()
        if (count := int(recipe.training.replicas)) > 1:
            self.parts, self._meeting = copies_in_parts(network, plan, count)
            self._threads = ThreadPoolExecutor(count - 1, "part")
        dtype = torch.bfloat16 if recipe.training.precision == "bfloat16" else torch.float32
        self._chain = Chain(network, dtype)
        self._chains = [Chain(part, dtype) for part in self.parts]

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        start = self._training.start
        for network in (self.network, *self.parts):
            network.train()
            for name in start.frozen if start is not None else ():
                for module in network.get_submodule(name).modules():
                    if isinstance(module, _BatchNorm):
                        module.eval()

    def take(self, batches: EpochBatches, index: int) -> Found:
        """Leave the gradient of step `index` in the weights; returns what the batch gave."""
        size = batches.size(index)
        # What is left over at the end of an epoch may be fewer than there are parts.
        chains = self._chains if size >= len(self._chains) > 0 else [self._chain]
        count = len(chains)

        def part(number: int) -> tuple[Found, Tensors]:
            # Other parts draw other masks; the first, or only one, those of the whole.
            when = (batches.number, index, number) if number else (batches.number, index)
            reseed_dropout(chains[number].network, self._seed, *when)
            return self._one(chains[number], batches.part(index, number, count), size)

        done = self._side_by_side(part, count) if count > 1 else [part(0)]
        found, gradients = zip(*done, strict=True)
        total = list(gradients[0])
        for other in gradients[1:]:
            torch._foreach_add_(total, other)
        for weight, gradient in zip(self._chain.weights, total, strict=True):
            weight.grad = laid_out_as(weight, gradient)
        if count == 1:
            return found[0]
        logits, labels, losses, entropies = zip(*found, strict=True)
        return Found(
            torch.cat(logits),
            torch.cat(labels),
            torch.stack(losses).sum(),
            torch.stack(entropies).sum(),
        )

    def _one(self, chain: Chain, batch: Batch, size: int) -> tuple[Found, Tensors]:
        """Of a part of a batch of `size` images: its share of the loss, and the gradient of it."""
        images, labels = batch
        # The loss is summed in float32: in bfloat16 a sum over a batch loses its third digit.
        logits = chain.forward(images).float()
        smoothing = self._training.label_smoothing
        loss, entropy, gradient = smoothed_cross_entropy(logits, labels, smoothing, size)
        return Found(logits, labels, loss, entropy), chain.backward(gradient)

    def _side_by_side(
        self, part: Callable[[int], tuple[Found, Tensors]], count: int
    ) -> list[tuple[Found, Tensors]]:
        """What every part found, in their order. The first is this thread's own."""

        def kept(number: int) -> tuple[Found, Tensors]:
            try:
                return part(number)
            except BaseException:
                self._meeting.leave()
                raise

        self._meeting.begin()
        others = [self._threads.submit(kept, number) for number in range(1, count)]
        try:
            first = kept(0)
        except LeftError:
            # What another part met with is told, not that this one waited for it in vain.
            met = [other.exception() for other in others]
            raise next(one for one in met if not isinstance(one, LeftError | None)) from None
        finally:
            # Whatever happens, no part goes on into the next batch.
            wait(others)
        return [first, *(other.result() for other in others)]
