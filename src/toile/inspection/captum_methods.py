"""Attribution methods of Captum, with the settings used here."""

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
"""Pictures in memory at a time, including those between the empty picture and the picture."""
STEPS = (32, 64, 128, 256)
"""Numbers of points between them, tried in turn until the contributions add up."""
COMPLETE = 0.01
"""The fraction of the difference by which the contributions may miss it."""
LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class PixelMaps:
    """A number for each pixel and colour; for integrated gradients also the error of their sum."""

    maps: Float[Tensor, "n c h w"]
    errors: Float32[np.ndarray, " n"] | None = None
    steps: Int[np.ndarray, " n"] | None = None


def saliency(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The absolute value of the gradient."""
    return PixelMaps(_quietly(Saliency(outputs).attribute, images, index))


def deconvolution(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The gradient, with each ReLU passing its positive part, independent of the ReLU's input."""
    return PixelMaps(_quietly(Deconvolution(outputs).attribute, images, index))


def guided(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The gradient, with each ReLU passing its positive part where the ReLU's input is positive."""
    return PixelMaps(_quietly(GuidedBackprop(outputs).attribute, images, index))


def integrated(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """The mean gradient on the line from the empty picture to the picture, times their difference.

    The number of points is doubled, up to 256, for pictures whose contributions miss the difference
    of the outputs at both ends by more than 1 %.
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
                # Captum's default, Gauss-Legendre, solves an eigenvalue problem each time and is
                # not better for gradients with jumps.
                method="riemann_middle",
            ).to(maps)
        missed = (maps.flatten(1).sum(1) - difference).abs()
        errors = missed / difference.abs().clamp_min(LEAST)
    return PixelMaps(maps, errors.float().numpy(), points.numpy())


def occlusion(
    outputs: FlatOutputs, images: Float[Tensor, "n c h w"], index: Int[Tensor, " n"], empty: Tensor
) -> PixelMaps:
    """How far the output falls if a square is covered; for a pixel the mean of its squares.

    A square is a seventh of the shorter side wide and moves by half of that.
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
        # All colours are covered at once, and Captum counts the full fall for each.
        return covered / channels

    return PixelMaps(_batched(attribute, images, index, 16))


def _batched(
    attribute: Callable[..., Tensor], images: Tensor, index: Tensor, size: int = AT_ONCE
) -> Tensor:
    batches = zip(images.split(size), index.split(size), strict=True)
    return torch.cat([attribute(batch, target=target) for batch, target in batches]).detach()


def _quietly(attribute: Callable[..., Tensor], images: Tensor, index: Tensor) -> Tensor:
    with warnings.catch_warnings():
        # Captum warns each time that it sets hooks and requires gradients, and undoes both.
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
