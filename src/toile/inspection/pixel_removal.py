"""Deletion and insertion: whether removing a map's important pixels lowers the probability."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.flat_outputs import classes_of
from toile.inspection.inputs import Pictures, checked_colours, checked_picture, refuse_not_finite
from toile.streams import numpy_stream

STEPS = 14
NUM_RANDOM = 19
"""With so many random maps, being better than all of them happens by chance 1 time in 20."""


LEAST_CHANGE = 0.01
"""Where the probability changes by less, rounding may decide which map is faster."""


@dataclass(frozen=True, eq=False)
class RemovalCurves:
    """The class's probability as pixels are deleted or inserted in the map's order.

    `fractions` are those of the pixels along the curves. The random maps are the map itself,
    shifted and mirrored: as smooth, but at other pixels. Petsiuk et al. 2018, arXiv:1806.07421.
    """

    fractions: Float64[np.ndarray, " steps"]
    deletion: Float32[np.ndarray, " steps"]
    insertion: Float32[np.ndarray, " steps"]
    random_deletion: Float32[np.ndarray, "maps steps"]
    random_insertion: Float32[np.ndarray, "maps steps"]

    @property
    def num_worse(self) -> tuple[int, int]:
        """How many random maps are worse: at deletion (larger area) and at insertion (smaller)."""
        return (
            int((_area(self.random_deletion) > _area(self.deletion)).sum()),
            int((_area(self.random_insertion) < _area(self.insertion)).sum()),
        )

    @property
    def areas(self) -> tuple[float, float]:
        """The areas under deletion and insertion, each in [0, 1]."""
        return float(_area(self.deletion)), float(_area(self.insertion))

    @property
    def most_change(self) -> float:
        """The largest change of the probability along a curve, of this map or of a random one."""
        curves = self.deletion, self.insertion, *self.random_deletion, *self.random_insertion
        return float(max(np.ptp(curve) for curve in curves))

    @property
    def sentence(self) -> str:
        """The result in words."""
        cannot = "cannot be checked by removing pixels: the probability of the class"
        if self.most_change < LEAST_CHANGE:
            return (
                f"{cannot} changes by {100 * self.most_change:.2g} points at most, in every order "
                "that was tried"
            )
        picture, empty = 100 * self.deletion[0], 100 * self.deletion[-1]
        if picture <= empty:
            return (
                f"{cannot} is {picture:.1f} % for the picture and {empty:.1f} % for an empty one, "
                "so no pixel is shown to support it"
            )
        total = len(self.random_deletion)
        deleted, inserted = self.num_worse
        return (
            f"deleting its pixels lowers the probability faster than {deleted} of {total} random "
            f"maps do, and inserting them raises it faster than {inserted} of {total} do"
        )


def removal_curves(
    network: nn.Module,
    image: Pictures,
    heat: np.ndarray,
    class_index: int,
    empty: Tensor,
    seed: int = 0,
) -> RemovalCurves:
    """Delete and insert the pixels of `image` in the order of `heat`, the greatest first.

    Deleted pixels become `empty`. `seed` draws the order of equal pixels, and the random maps.
    Raises ToileError if there is no such class, or if `heat` has not a number for each pixel.
    """
    image = checked_picture(network, image)
    checked_colours(empty, image)
    if heat.shape != image.shape[1:]:
        raise ToileError(
            f"heat has the shape {heat.shape}; it is {tuple(image.shape[1:])}, a number for each "
            "pixel of the picture"
        )
    with evaluating(network), torch.no_grad():
        logits = network(image[None])
        classes_of(logits, [class_index])
        refuse_not_finite(logits, "the logits")
    rng = numpy_stream(seed, "removal curves")
    maps = [heat, *(_elsewhere(heat, rng) for _ in range(NUM_RANDOM))]
    orders = np.stack([_order(heatmap, rng) for heatmap in maps])
    nothing = empty[:, None, None].expand_as(image)
    with evaluating(network), torch.no_grad():
        deletion = _probabilities(network, image, nothing, orders, class_index)
        insertion = _probabilities(network, nothing, image, orders, class_index)
    return RemovalCurves(
        np.linspace(0, 1, STEPS + 1), deletion[0], insertion[0], deletion[1:], insertion[1:]
    )


def _area(curves: Float32[np.ndarray, "*maps steps"]) -> Float[np.ndarray, "*maps"]:
    return np.asarray(np.trapezoid(curves, axis=-1) / (curves.shape[-1] - 1))


def _elsewhere(heat: Float32[np.ndarray, "h w"], rng: np.random.Generator) -> np.ndarray:
    height, width = heat.shape
    moved = np.roll(heat, (rng.integers(height), rng.integers(width)), (0, 1))
    return moved[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]


def _order(heat: np.ndarray, rng: np.random.Generator) -> Int[np.ndarray, " pixels"]:
    """The pixels, the most important first; equal ones in random order."""
    return np.lexsort((rng.random(heat.size), -heat.ravel()))


def _probabilities(
    network: nn.Module,
    begin: Float[Tensor, "c h w"],
    end: Float[Tensor, "c h w"],
    orders: Int[np.ndarray, "maps pixels"],
    class_index: int,
) -> Float32[np.ndarray, "maps steps"]:
    """The probability as pixels of `begin` become those of `end`, in each order."""
    pixels = orders.shape[1]
    curves = []
    for order in orders:
        rank = np.empty(pixels, np.int64)
        rank[order] = np.arange(pixels)
        done = torch.from_numpy(
            rank[None] < np.linspace(0, pixels, STEPS + 1).round()[:, None]
        ).view(-1, 1, *begin.shape[1:])
        logits = network(torch.where(done, end, begin))
        curves.append(logits.softmax(1)[:, class_index].numpy())
    return np.stack(curves)
