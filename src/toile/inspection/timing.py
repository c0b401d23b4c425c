"""Measures how long networks take for the same pictures."""

import time
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor, nn

from toile.inspection.ranking import Batches

ROUNDS = 7


def seconds_each(
    networks: Sequence[nn.Module], images: Float[Tensor, "n c h w"]
) -> Float64[np.ndarray, "networks rounds"]:
    """Seconds of each network for a thousand images, in each of seven rounds.

    Networks take turns, so that other work on the machine slows all equally, after a round to warm
    up.
    """
    timings: list[list[float]] = [[] for _ in networks]
    with torch.no_grad():
        for _ in range(ROUNDS + 1):
            for network, seconds in zip(networks, timings, strict=True):
                started = time.perf_counter()
                network(images)
                seconds.append(time.perf_counter() - started)
    return 1000 / len(images) * np.array(timings)[:, 1:]


def channel_batches(inputs: Iterable[Tensor], labels: Int[np.ndarray, " n"]) -> Batches:
    """Batches of pictures, each with its labels."""
    batches, start = [], 0
    for images in inputs:
        batches.append((images, torch.from_numpy(labels[start : start + len(images)])))
        start += len(images)
    return batches
