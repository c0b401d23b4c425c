"""Captum's methods, each asked for what it is defined for, picture by picture."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from toile.distribution import extra_packages
from toile.inspection.flat_outputs import FlatOutputs

with extra_packages("inspect", "attribution"):
    from captum.attr import (  # type: ignore[import-untyped]
        Deconvolution,
        GuidedBackprop,
        IntegratedGradients,
        Occlusion,
        Saliency,
    )

AT_ONCE = 256
"""So many pictures are in memory at a time, those on the way from the empty one included."""
STEPS = (32, 64, 128, 256)
"""Numbers of points on that way, tried in turn until the contributions add up."""
COMPLETE = 0.01
"""By so little of the difference they may fail to."""
LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class PixelMaps:
    """A number for each pixel and colour, and for integrated gradients how well they add up."""

    maps: Float[Tensor, "n c h w"]
    errors: Float32[np.ndarray, " n"] | None = None
    steps: Int[np.ndarray, " n"] | None = None


def saliency(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The size of the gradient."""
    return PixelMaps(_quietly(Saliency(outputs).attribute, images, index))


def deconvolution(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The gradient whose ReLUs let what is above 0 of it through, whatever they were given."""
    return PixelMaps(_quietly(Deconvolution(outputs).attribute, images, index))


def guided(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The gradient, of which each ReLU lets what is above 0 through."""
    return PixelMaps(_quietly(GuidedBackprop(outputs).attribute, images, index))


def integrated(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """Gradients on the straight way from the empty picture, times the way.

    With twice as many points, up to 256, for a picture whose contributions miss the difference of
    its two ends by more than 1 %.
    """
    method = IntegratedGradients(outputs)
    black = empty.expand_as(images)
    with torch.no_grad():
        ends = [
            torch.cat([outputs(batch) for batch in pictures.split(AT_ONCE)]).gather(
                1, index[:, None]
            )
            for pictures in (images, black)
        ]
    difference = (ends[0] - ends[1])[:, 0]
    maps, errors = torch.zeros_like(images), torch.full_like(difference, torch.inf)
    points = torch.zeros_like(index)
    for steps in STEPS:
        open_ = (errors > COMPLETE).nonzero()[:, 0]
        if not len(open_):
            break
        points[open_] = steps
        for at in open_.split(AT_ONCE // steps):
            maps[at] = method.attribute(
                images[at],
                baselines=black[at],
                target=index[at],
                n_steps=steps,
                # Gauss and Legendre's points, Captum's choice, cost an eigenvalue problem each time
                # and gain nothing on gradients with steps in them.
                method="riemann_middle",
            ).float()
        missed = (maps.flatten(1).sum(1) - difference).abs()
        errors = missed / difference.abs().clamp_min(LEAST)
    return PixelMaps(maps, errors.numpy(), points.numpy())


def occlusion(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The fall of the number where a square is covered, as the mean of the squares over a pixel.

    A square is a seventh of the shorter side wide and moves on by half of that.
    """
    channels, height, width = images.shape[1:]
    side = min(max(min(height, width) // 7, 2), height, width)
    step = max(side // 2, 1)
    method = Occlusion(outputs)

    def attribute(batch: Tensor, target: Tensor) -> Tensor:
        covered: Tensor = method.attribute(
            batch,
            sliding_window_shapes=(channels, side, side),
            strides=(channels, step, step),
            baselines=empty.expand_as(batch),
            target=target,
            perturbations_per_eval=max(AT_ONCE // len(batch), 1),
        )
        # All colours are covered at once, and each would count the whole fall.
        return covered / channels

    return PixelMaps(_batched(attribute, images, index, 16))


def _batched(
    attribute: Callable[..., Tensor], images: Tensor, index: Tensor, size: int = AT_ONCE
) -> Tensor:
    batches = zip(images.split(size), index.split(size), strict=True)
    return torch.cat([attribute(batch, target=target) for batch, target in batches]).detach()


def _quietly(attribute: Callable[..., Tensor], images: Tensor, index: Tensor) -> Tensor:
    with warnings.catch_warnings():
        # Captum says each time that it sets hooks and has pictures want gradients, and undoes it.
        for message in ("Setting backward hooks on ReLU", "Input Tensor 0 did not already require"):
            warnings.filterwarnings("ignore", message=message)
        return _batched(attribute, images, index)


METHODS = {
    "saliency": saliency,
    "deconvolution": deconvolution,
    "guided": guided,
    "integrated": integrated,
    "occlusion": occlusion,
}
