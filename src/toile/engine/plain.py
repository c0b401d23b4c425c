"""The gradient of a batch as a textbook computes it: the reference for the fast engine.

`training.engine: plain` trains by it. Kernels and workers must agree with it, to rounding;
tests/engine/test_agreement.py checks that they do.
"""

import torch
from torch import nn
from torch.nn import functional as F

from toile.engine.batch_result import BatchResult
from toile.engine.batches import Batches, EpochBatches
from toile.engine.layout import laid_out_as
from toile.network import reseed_dropout, set_training_mode
from toile.recipe import Recipe


class PlainGradient:
    """Computes the gradient of a batch by autograd, undivided, with the settings of `recipe`.

    `recipe` is resolved. bfloat16 is computed under autocast; weights and gradients are float32.
    """

    has_workers = False

    def __init__(self, recipe: Recipe, network: nn.Sequential) -> None:
        self.network, self._training, self._seed = network, recipe.training, recipe.seed

    def train_mode(self) -> None:
        """Set every layer to training, but frozen batch norms, which compute as when scoring."""
        start = self._training.start
        set_training_mode(self.network, start.frozen if start is not None else ())

    def compute(self, batches: EpochBatches, index: int, steps_left: int = 1) -> BatchResult:
        """Write the gradient of step `index` into the weights; returns the batch's result."""
        reseed_dropout(self.network, self._seed, batches.number, index)
        images, labels = batches[index]
        in_half = self._training.precision == "bfloat16"
        with torch.autocast(images.device.type, torch.bfloat16, enabled=in_half):
            logits = self.network(images)
        logits = logits.float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self._training.label_smoothing)
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = laid_out_as(weight, gradient)
        with torch.no_grad():
            cross_entropy = F.cross_entropy(logits, labels, reduction="sum")
        return BatchResult(logits.detach(), labels, loss.detach(), cross_entropy)

    def begin_workers(self, batches: Batches, wait: bool = False) -> None:
        """Begins none: a batch is computed undivided."""

    def close(self) -> None:
        """Nothing is open."""
