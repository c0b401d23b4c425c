"""How long an epoch of a recipe takes on this machine, in each possible configuration."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toile.data import DataSource, data_size, data_values
from toile.errors import ToileError
from toile.recipe import NO_SETTINGS, Recipe, plan_network, read_recipe
from toile.training import Probe, alternatives, prepare_torch, probe, reasons


@dataclass(frozen=True)
class Way:
    """A configuration of training, and its seconds per epoch: the median of measurements."""

    device: str
    precision: str
    threads: int
    shards: int
    seconds_per_epoch: float


@dataclass(frozen=True)
class Bench:
    """The configurations that can train `recipe`; the first is the chosen one, for `reasons`.

    `memory_bytes` is the most memory of this process with the chosen one.

        >>> found = toile.bench(recipe, data="fashion-sample", rounds=1)
        >>> found.num_images, found.fastest.seconds_per_epoch <= found.chosen.seconds_per_epoch
        (4800, True)
    """

    recipe: Recipe
    num_images: int
    memory_bytes: int
    ways: tuple[Way, ...]
    reasons: tuple[str, ...]

    @property
    def chosen(self) -> Way:
        """The configuration that trains the recipe."""
        return self.ways[0]

    @property
    def fastest(self) -> Way:
        """The configuration with the fewest seconds."""
        return min(self.ways, key=lambda way: way.seconds_per_epoch)


def bench(
    recipe: str | Path | Recipe,
    *,
    data: DataSource | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    rounds: int = 3,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Bench:
    """Measure every configuration that can train `recipe` here, `rounds` times, in turn.

    A measurement takes at most two seconds. Its pictures are random; only the shape and the number
    of the data's pictures are used. `progress` is called with the measurements done and their
    total. Raises ToileError as `train` does.

        >>> found = toile.bench(recipe, data="fashion-sample", rounds=1)
        >>> found.ways[0] == found.chosen
        True
    """
    if rounds < 1:
        raise ToileError(f"rounds is {rounds}; it is 1 or more")
    read = read_recipe(recipe, settings)
    if data is not None:
        read = read.replace(data_values(data))
    sizes = data_size(read.data)
    plan = plan_network(read.network, sizes.shape, sizes.classes)
    recipes = alternatives(read, plan)
    results: list[list[Probe]] = [[] for _ in recipes]
    # In turn, so that other work on the machine slows all of them equally.
    for turn in range(rounds):
        for index, candidate in enumerate(recipes):
            prepare_torch(candidate.training)
            results[index].append(probe(candidate, plan, sizes.num_training))
            progress(turn * len(recipes) + index + 1, rounds * len(recipes))
    ways = tuple(
        Way(
            candidate.training.device,
            candidate.training.precision,
            int(candidate.training.threads),
            int(candidate.training.shards),
            statistics.median(result.seconds_per_epoch for result in probes),
        )
        for candidate, probes in zip(recipes, results, strict=True)
    )
    return Bench(
        read, sizes.num_training, results[0][0].memory_bytes, ways, tuple(reasons(read, plan))
    )
