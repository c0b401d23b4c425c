"""The gradient of one part of a batch, or of all of it."""

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
    """Computes part `number`, from 0, of `count` parts of every batch with `network`.

    `recipe` is resolved. But for batch norms the parts are independent, so the results do not
    depend on which thread or process computes a part, or when.
    """

    def __init__(
        self, recipe: Recipe, network: nn.Sequential, number: int = 0, count: int = 1
    ) -> None:
        self._training, self._seed = recipe.training, recipe.seed
        self.network, self._number, self._count = network, number, count
        half = recipe.training.precision == "bfloat16"
        self._compiled = CompiledNetwork(network, torch.bfloat16 if half else torch.float32)
        # Walking over all layers at every step would cost small networks 1 % of their time.
        self._drops = any(isinstance(module, SeededDropout) for module in network.modules())
        self._norms = [module for module in network.modules() if isinstance(module, SyncBatchNorm)]

    @property
    def weights(self) -> Sequence[Tensor]:
        """The weights whose gradients `compute` gives, in the same order."""
        return self._compiled.weights

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        start = self._training.start
        set_training_mode(self.network, start.frozen if start is not None else ())

    def compute(self, batches: EpochBatches, index: int) -> tuple[BatchResult, Tensors]:
        """This part's contribution to the loss of step `index`, and the gradient of that."""
        number = self._number
        if self._drops:
            # Each part draws its own masks; the first draws those of an undivided batch.
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
        """Update the running statistics of synced batch norms, after all parts of a batch."""
        for norm in self._norms:
            norm.remember()
