"""The gradient of a batch, or of one of the parts that it is computed in."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from toile.engine.batch_result import BatchResult
from toile.engine.batches import EpochBatches
from toile.engine.kernels.compiled_network import CompiledNetwork
from toile.engine.loss import smoothed_cross_entropy
from toile.engine.parallel.batch_norm import SyncBatchNorm
from toile.network import SeededDropout, reseed_dropout, set_training_mode
from toile.recipe import Recipe

Tensors = tuple[Tensor, ...]


class Shard:
    """Part `number`, from 0, of `count` of every batch, by `network` as `recipe`, resolved, says.

    Outside of batch norms no part asks what the others do, so whoever computes one, and when, is
    the same for the numbers.
    """

    def __init__(
        self, recipe: Recipe, network: nn.Sequential, number: int = 0, count: int = 1
    ) -> None:
        self._training, self._seed = recipe.training, recipe.seed
        self.network, self._number, self._count = network, number, count
        half = recipe.training.precision == "bfloat16"
        self._compiled = CompiledNetwork(network, torch.bfloat16 if half else torch.float32)
        # A walk over all layers at every step costs small networks a hundredth.
        self._drops = any(isinstance(one, SeededDropout) for one in network.modules())
        self._norms = [one for one in network.modules() if isinstance(one, SyncBatchNorm)]

    @property
    def weights(self) -> Sequence[Tensor]:
        """Those whose gradients `compute` gives, in its order."""
        return self._compiled.weights

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        start = self._training.start
        set_training_mode(self.network, start.frozen if start is not None else ())

    def compute(self, batches: EpochBatches, index: int) -> tuple[BatchResult, Tensors]:
        """Of this part of step `index`: its share of the batch's loss, and the gradient of it."""
        number = self._number
        if self._drops:
            # Other parts draw other masks; the first, or only one, those of the whole.
            when = (batches.number, index, number) if number else (batches.number, index)
            reseed_dropout(self.network, self._seed, *when)
        images, labels = batches.part(index, number, self._count)
        # The loss is summed in float32: in bfloat16 a sum over a batch loses its third digit.
        logits = self._compiled.forward(images).float()
        loss, cross_entropy, gradient = smoothed_cross_entropy(
            logits, labels, self._training.label_smoothing, batches.size(index)
        )
        return BatchResult(logits, labels, loss, cross_entropy), self._compiled.backward(gradient)

    def remember(self) -> None:
        """Move the running statistics of synced batch norms, after the last part of a batch."""
        for norm in self._norms:
            norm.remember()
