"""Measures how long networks take for the same pictures."""

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

import numpy as np
import torch
from jaxtyping import Float64, Int
from torch import Tensor, nn

from toile.inspection.evaluation_mode import evaluating
from toile.inspection.inputs import Pictures, checked_pictures
from toile.inspection.ranking import Batches

ROUNDS = 7


def seconds_each(
    networks: Sequence[nn.Module], images: Pictures
) -> Float64[np.ndarray, "networks rounds"]:
    """Seconds of each network for a thousand images, in each of seven rounds.

    Networks take turns, so that other work on the machine slows all equally, after a round to warm
    up. They compute in evaluation mode. Raises ToileError for pictures that one does not take.
    """
    for network in networks:
        checked_pictures(network, images)
    timings: list[list[float]] = [[] for _ in networks]
    with ExitStack() as undo:
        undo.enter_context(torch.no_grad())
        for network in networks:
            undo.enter_context(evaluating(network))
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
