"""The seconds and the memory a training will take here, from a few steps on random pictures."""

import resource
import statistics
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

from toile.data import Images, Margins, PixelStatistics, Split, most_pixel_bytes
from toile.recipe import Plan, Recipe
from toile.training.events import Stepped
from toile.training.fit import begin
from toile.training.loop import train

LONGEST_SECONDS = 2.0
STEPS = 40
WARM_UP = 4


@dataclass(frozen=True)
class Probe:
    """Seconds of one epoch's steps, and the process's memory at its highest, in bytes."""

    seconds_per_epoch: float
    memory_bytes: int
    steps_measured: int


def probe(recipe: Recipe, plan: Plan, num_images: int) -> Probe:
    """Measure a few steps of `recipe`, resolved, and extrapolate to `num_images` an epoch.

    Takes about two seconds at most, and at least one step after warming up.
    """
    batch_size = recipe.training.batch_size
    rng = np.random.default_rng(0)
    images = Images(
        rng.integers(0, 256, (batch_size * STEPS, *plan.input), dtype=np.uint8),
        rng.integers(0, plan.classes, batch_size * STEPS),
    )
    validation = images.gather(np.arange(2))
    split = Split(images, validation, np.arange(2), np.array([True, False]), None)
    channels = plan.input[0]
    black = PixelStatistics(
        (0.5,) * channels, (0.3,) * channels, (0.0,) * channels, Margins(0.0, 0.0, 0.0, 0.0)
    )
    fit = begin(recipe, plan, split, black)
    fit.gradient.begin_workers(fit.batches, wait=True)
    seconds: list[float] = []
    started = before = time.perf_counter()
    for event in train(fit):
        if not isinstance(event, Stepped):
            continue
        now = time.perf_counter()
        seconds.append(now - before)
        before = now
        if event.step == STEPS or (now - started > LONGEST_SECONDS and event.step > WARM_UP):
            break
    per_step = statistics.median(seconds[WARM_UP:])
    steps = -(-num_images // batch_size)
    num_bytes = num_images * int(np.prod(plan.input))
    # More are left in a file, but a GPU holds all.
    is_held = fit.device.type != "cpu" or num_bytes <= most_pixel_bytes()
    held = num_bytes if is_held else 0
    more = max(0, held - images.pixels.nbytes)
    return Probe(per_step * steps, _peak_memory(fit.device) + more, len(seconds))


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
