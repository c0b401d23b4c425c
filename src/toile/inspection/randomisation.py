"""Whether a map depends on the learnt weights: compares it with maps of randomised networks."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats
import torch
from jaxtyping import Bool, Float, Float32, Float64
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.inputs import Pictures, checked_pictures
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
    `layers`; NaN if there is nothing to compare. `low` to `high` is the 95 % interval of the last
    one, with all layers randomised, over several random networks. Adebayo et al. 2018,
    arXiv:1810.03292.

    A map that is the same everywhere has no rank correlation, so its pairs are left out:
    `num_constant` of the `num_images` maps of the network itself, and `num_random_constant` of the
    maps of the `num_networks` random ones. `obstacle` says why what remains is too little for a
    verdict; it is empty if it is not.
    """

    layers: tuple[str, ...]
    similarity: Float64[np.ndarray, " layers"]
    low: float
    high: float
    num_networks: int
    num_images: int
    num_constant: int
    num_random_constant: int
    num_compared: int
    obstacle: str

    @property
    def num_pairs(self) -> int:
        """The pairs of a map and a random network's map of the same picture."""
        return self.num_images * self.num_networks

    @property
    def tells(self) -> bool | None:
        """Whether the maps differ from those of random networks; None if that is undecided."""
        if self.obstacle:
            return None
        if max(abs(self.low), abs(self.high)) < ALIKE:
            return True
        return False if self.low >= ALIKE or self.high <= -ALIKE else None

    @property
    def sentence(self) -> str:
        """The result in words."""
        if self.obstacle:
            return f"cannot be checked against random networks: {self.obstacle}"
        phrase = {
            True: "tells this network from a random one",
            False: "does not tell this network from a random one: its strong pixels are strong in "
            "a random network's map too",
            None: "may or may not tell this network from a random one",
        }[self.tells]
        num_left_out = self.num_pairs - self.num_compared
        left_out = (
            f"; {num_left_out} of {self.num_pairs} pairs are left out, since one map is the same "
            "everywhere"
        )
        return (
            f"{phrase} (maps of {self.num_networks} random networks: rank correlation "
            f"{self.similarity[-1]:.2f}, {self.low:.2f} to {self.high:.2f}; alike from {ALIKE} on"
            f"{left_out if num_left_out else ''})"
        )


def randomisation_test(
    network: nn.Module,
    images: Pictures,
    heat: Heat,
    num_networks: int = 5,
    cascade: bool = False,
    seed: int = 0,
) -> RandomisationTest:
    """Compare the network's maps by `heat` with those of at least two randomised networks.

    The weights of a layer are shuffled, which keeps their SD; batch norms get new statistics from
    `images`. With `cascade` layers are randomised one after another, from the last on, otherwise
    all at once. Pairs in which a map is the same everywhere are left out. There is no verdict if
    fewer than half of the pairs remain, or fewer than two pictures or two networks. Raises
    ToileError if maps are not finite, or if there is nothing to randomise.
    """
    if num_networks < 2:
        raise ToileError(
            f"num_networks is {num_networks}; it is at least 2, since the interval is over random "
            "networks"
        )
    images = checked_pictures(network, images)
    maps = _finite(heat(network))
    names = [
        name
        for name in layer_names(network)
        if isinstance(layer_of(network, name), nn.Conv2d | nn.Linear)
    ][::-1]
    if not names:
        raise ToileError(
            "the network has no convolution and no dense layer, so no weights to randomise"
        )

    def random_maps(layers: list[str], draw: int = 0) -> Float32[np.ndarray, "n h w"]:
        return _finite(heat(randomised(network, layers, images, seed + draw)))

    depths = range(1, len(names)) if cascade else []
    similarity = [_similarity(maps, random_maps(names[:depth])) for depth in depths]
    draws = [random_maps(names, draw) for draw in range(num_networks)]
    varied = _varied(maps)
    pairs = np.array([varied & _varied(heatmaps) for heatmaps in draws])
    similarities = np.array(
        [
            _similarity(maps, heatmaps)
            for heatmaps, row in zip(draws, pairs, strict=True)
            if row.any()
        ]
    )
    mean, reach = np.nan, np.nan
    if len(similarities):
        mean = float(similarities.mean())
    if len(similarities) > 1:
        reach = float(
            scipy.stats.t.ppf(0.975, len(similarities) - 1)
            * similarities.std(ddof=1)
            / len(similarities) ** 0.5
        )
    num_random_constant = sum(int((~_varied(heatmaps)).sum()) for heatmaps in draws)
    return RandomisationTest(
        tuple(names) if cascade else (names[-1],),
        np.array([*similarity, mean]),
        # np.maximum keeps NaN, which max does not.
        float(np.maximum(mean - reach, -1.0)),
        float(np.minimum(mean + reach, 1.0)),
        num_networks,
        len(maps),
        int((~varied).sum()),
        num_random_constant,
        int(pairs.sum()),
        _obstacle(varied, pairs, num_random_constant),
    )


def _obstacle(
    varied: Bool[np.ndarray, " n"], pairs: Bool[np.ndarray, "networks n"], num_random_constant: int
) -> str:
    """Why the `pairs` that can be compared are too few for a verdict; empty if they are not.

    Below half of them the verdict would be about a minority of the pictures and networks. Two
    networks are the fewest with an interval. The maps of one picture may be unlike by chance.
    """
    n, num_networks = len(varied), len(pairs)
    if n < 2:
        return f"it needs at least 2 pictures, and there is {n}"
    too_few = 2 * pairs.sum() < pairs.size or pairs.any(0).sum() < 2 or pairs.any(1).sum() < 2
    if not too_few:
        return ""
    reasons = []
    if not varied.all():
        num = n - int(varied.sum())
        reasons.append(f"{num} of {n} maps of this network are the same everywhere")
    if num_random_constant:
        reasons.append(
            f"{num_random_constant} of {n * num_networks} maps of random networks are the same "
            "everywhere"
        )
    return " and ".join(reasons)


def _varied(maps: Float32[np.ndarray, "n h w"]) -> Bool[np.ndarray, " n"]:
    """Which maps are not the same everywhere."""
    return np.asarray(maps.min((1, 2)) != maps.max((1, 2)))


def _finite(maps: Float32[np.ndarray, "n h w"]) -> Float32[np.ndarray, "n h w"]:
    """`maps`, refused if there are none or if some are not finite."""
    if not maps.size:
        raise ToileError("there are no maps to compare; pass at least 2 pictures")
    if not np.isfinite(maps).all():
        raise ToileError(
            "some maps are not finite, so they have no order to compare; look for weights or "
            "pictures that are not finite"
        )
    return maps


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

    The one of larger size counts: maps of opposite signs at the same pixels look alike. Pairs with
    a constant map are left out; NaN if none remains.
    """
    by_value = _rank_correlation(maps, random_maps)
    by_sizes = _rank_correlation(np.abs(maps), np.abs(random_maps))
    return by_sizes if abs(by_sizes) > abs(by_value) else by_value


def _rank_correlation(
    maps: Float32[np.ndarray, "n h w"], random_maps: Float32[np.ndarray, "n h w"]
) -> float:
    correlations = [
        float(scipy.stats.spearmanr(first.ravel(), second.ravel()).statistic)
        for first, second in zip(maps, random_maps, strict=True)
        if first.min() != first.max() and second.min() != second.max()
    ]
    return float(np.mean(correlations)) if correlations else float("nan")
