"""An exponential moving average of the weights, scored in their place where a recipe asks so."""

import torch
from torch import nn


@torch.no_grad()
def update_ema(ema: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move `ema` towards `network` after `step` (from 1), in place.

    It keeps the fraction `decay` of itself, and less at first, so that the untrained weights fade:
    min(decay, (1 + step) / (10 + step)). Batch-norm statistics are averaged too.
    """
    decay = min(decay, (1 + step) / (10 + step))
    for mean, latest in zip(ema.state_dict().values(), network.state_dict().values(), strict=True):
        # The count of batches is an integer and cannot be averaged.
        if mean.is_floating_point():
            mean.lerp_(latest, 1 - decay)
        else:
            mean.copy_(latest)
