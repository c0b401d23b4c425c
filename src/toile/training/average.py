"""A moving average of the weights, scored in their place where a recipe asks for it."""

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, kept: float, step: int) -> None:
    """Move `average` towards `network` after `step` (from 1), in place.

    It keeps the share `kept` of itself, less at first so that the untrained weights fade:
    min(kept, (1 + step) / (10 + step)). Batch-norm statistics are averaged too.
    """
    kept = min(kept, (1 + step) / (10 + step))
    for mine, theirs in zip(
        average.state_dict().values(), network.state_dict().values(), strict=True
    ):
        # The count of batches is an integer and cannot be averaged.
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - kept)
        else:
            mine.copy_(theirs)
