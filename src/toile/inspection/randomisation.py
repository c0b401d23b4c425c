"""Whether a map depends on the learnt weights: compares it with maps of randomised networks."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor, nn

from toile.inspection.layers import layer_names, layer_of
from toile.network import single_view
from toile.streams import stream_seed
from toile.torch_private import BatchNorm

ALIKE = 0.5
"""Maps with at least this rank correlation are called alike."""
Heat = Callable[[nn.Module], Float32[np.ndarray, "n h w"]]
"""A function from a network to its maps of fixed pictures."""


@dataclass(frozen=True, eq=False)
class RandomisationTest:
    """How similar the maps stay when layers are randomised, from the last to the first.

    `similarity` is the mean rank correlation with the maps of the network itself, after each of
    `layers`. `low` to `high` is the 95 % interval of the last one, with all layers randomised, over
    several random networks. Adebayo et al. 2018, arXiv:1810.03292.
    """

    layers: tuple[str, ...]
    similarity: Float64[np.ndarray, " layers"]
    low: float
    high: float
    num_networks: int

    @property
    def tells(self) -> bool | None:
        """Whether the maps differ from those of random networks; None if that is undecided."""
        if max(abs(self.low), abs(self.high)) < ALIKE:
            return True
        return False if self.low >= ALIKE or self.high <= -ALIKE else None

    @property
    def sentence(self) -> str:
        """The result in words."""
        phrase = {
            True: "tells this network from a random one",
            False: "does not tell this network from a random one: its strong pixels are strong in "
            "a random network's map too",
            None: "may or may not tell this network from a random one",
        }[self.tells]
        return (
            f"{phrase} (maps of {self.num_networks} random networks: rank correlation "
            f"{self.similarity[-1]:.2f}, {self.low:.2f} to {self.high:.2f}; alike from {ALIKE} on)"
        )


def randomisation_test(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    heat: Heat,
    num_networks: int = 5,
    cascade: bool = False,
    seed: int = 0,
) -> RandomisationTest:
    """Compare the network's maps by `heat` with those of randomised networks.

    The weights of a layer are shuffled, which keeps their SD; batch norms get new statistics from
    `images`. With `cascade` layers are randomised one after another, from the last on, otherwise
    all at once. A constant map has a correlation of 0 with any map.
    """
    maps = heat(network)
    names = [
        name
        for name in layer_names(network)
        if isinstance(layer_of(network, name), nn.Conv2d | nn.Linear)
    ][::-1]
    depths = range(1, len(names) + 1) if cascade else [len(names)]
    similarity = [
        _similarity(maps, heat(randomised(network, names[:depth], images, seed)))
        for depth in depths
    ]
    similarities = np.array(
        [
            similarity[-1],
            *(
                _similarity(maps, heat(randomised(network, names, images, seed + draw)))
                for draw in range(1, num_networks)
            ),
        ]
    )
    reach = (
        scipy.stats.t.ppf(0.975, len(similarities) - 1)
        * similarities.std(ddof=1)
        / len(similarities) ** 0.5
    )
    similarity[-1] = float(similarities.mean())
    return RandomisationTest(
        tuple(names) if cascade else (names[-1],),
        np.array(similarity),
        max(float(similarities.mean() - reach), -1.0),
        min(float(similarities.mean() + reach), 1.0),
        num_networks,
    )


def randomised(
    network: nn.Module, layers: list[str], images: Float[Tensor, "n c h w"], seed: int
) -> nn.Module:
    """A copy of `network` with shuffled weights in `layers`, and new statistics in batch norms."""
    shuffled: nn.Module = copy.deepcopy(network).eval()
    norms = [module for module in shuffled.modules() if isinstance(module, BatchNorm)]
    with torch.no_grad():
        for name in layers:
            for kind, weight in layer_of(shuffled, name).named_parameters():
                weight_seed = stream_seed(seed, f"randomise/{name}.{kind}")
                order = torch.randperm(
                    weight.numel(), generator=torch.Generator().manual_seed(weight_seed)
                )
                weight.copy_(weight.flatten()[order].view_as(weight))
        if norms:
            for norm in norms:
                norm.reset_running_stats()
                # With momentum None the statistics are the averages over these images only.
                norm.momentum = None
                norm.train()
            single_view(shuffled)(images)
    return shuffled.eval()


def _similarity(
    maps: Float32[np.ndarray, "n h w"], random_maps: Float32[np.ndarray, "n h w"]
) -> float:
    """The mean rank correlation over pictures, of values or of absolute values.

    The one of larger size counts: maps of opposite signs at the same pixels look alike.
    """
    by_value = _rank_correlation(maps, random_maps)
    by_sizes = _rank_correlation(np.abs(maps), np.abs(random_maps))
    return by_sizes if abs(by_sizes) > abs(by_value) else by_value


def _rank_correlation(
    maps: Float32[np.ndarray, "n h w"], random_maps: Float32[np.ndarray, "n h w"]
) -> float:
    correlations = [
        0.0
        if first.min() == first.max() or second.min() == second.max()
        else float(scipy.stats.spearmanr(first.ravel(), second.ravel()).statistic)
        for first, second in zip(maps, random_maps, strict=True)
    ]
    return float(np.mean(correlations))
