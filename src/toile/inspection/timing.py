"""How long networks take for the same pictures, measured in turns."""

import statistics
import time
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from toile.inspection.ranking import Batches

ROUNDS = 7


def seconds_each(networks: Sequence[nn.Module], images: Float[Tensor, "n c h w"]) -> list[float]:
    """Seconds that each network takes for a thousand images: the median of seven rounds in turns.

    Turns, so that what else the machine does meets all alike; a round before them warms up.
    """
    timings: list[list[float]] = [[] for _ in networks]
    with torch.no_grad():
        for _ in range(ROUNDS + 1):
            for network, seconds in zip(networks, timings, strict=True):
                started = time.perf_counter()
                network(images)
                seconds.append(time.perf_counter() - started)
    return [1000 / len(images) * statistics.median(seconds[1:]) for seconds in timings]


def channel_batches(inputs: Iterable[Tensor], labels: Int[np.ndarray, " n"]) -> Batches:
    """Batches of pictures, each with its labels."""
    batches, start = [], 0
    for images in inputs:
        batches.append((images, torch.from_numpy(labels[start : start + len(images)])))
        start += len(images)
    return batches
