"""Activation maximisation: a picture that activates a channel and still resembles the data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.inputs import Pictures, checked_pictures, refuse_not_finite, whole_number
from toile.inspection.layers import channel_of
from toile.inspection.watching import watch
from toile.network import single_view
from toile.streams import stream_seed
from toile.torch_private import step_optimizer

MOST_COMPONENTS = 256
VARIANCE_FRACTION = 0.99
"""The fraction of the images' variance that the principal components keep, if enough suffice."""
RATE = 0.1


@dataclass(frozen=True, eq=False)
class DrivenPicture:
    """A picture optimised to activate `channel` of `layer`, with the values of the data's images.

    Values are means over the channel's positions. `distance` is its distance from the images' mean
    in SDs; 1 is that of a typical image.
    """

    layer: str
    channel: int
    picture: Float32[np.ndarray, "c h w"]
    value: float
    start: float
    images: Float32[np.ndarray, " n"]
    distance: float

    @property
    def strongest(self) -> float:
        """The greatest value of the data's images."""
        return float(self.images.max())


def maximise(
    network: nn.Module,
    images: Pictures,
    layer: str,
    channel: int,
    steps: int = 200,
    seed: int = 0,
) -> DrivenPicture:
    """A picture for which the mean of `channel` of `layer` is large, by gradient ascent.

    It is the mean of `images` plus a combination of their principal components, with at most the
    distance of a typical image, and each pixel stays in its range over `images`. So it has the
    range and statistics of the images instead of being noise. `images` are a hundred or more,
    scaled for the network. Raises ToileError if there is no such layer or channel, or if
    `steps` is below 1.
    """
    looked = single_view(network)
    whole_number("steps", steps)
    images = checked_pictures(network, images)
    space = _space_of(images)

    def value(pictures: Tensor) -> Tensor:
        with watch(looked, [layer], keep_graph=True) as layer_outputs:
            looked(pictures)
        channel_of(layer, channel, layer_outputs[layer].shape[1])
        return layer_outputs[layer][:, channel].reshape(len(pictures), -1).mean(1)

    with evaluating(looked):
        with torch.no_grad():
            image_values = torch.cat([value(batch) for batch in images.split(250)])
        refuse_not_finite(image_values, f"the outputs of {layer}")
        generator = torch.Generator().manual_seed(stream_seed(seed, "maximise", channel))
        amounts = 0.1 * torch.randn(len(space.sd), generator=generator)
        reached, picture = _climb(space, value, amounts, steps)
    return DrivenPicture(
        layer, channel, picture.view(images.shape[1:]).numpy(), max(reached), reached[0],
        image_values.numpy(), space.distance(picture),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Space:
    """The mean of images, their principal components, and the range of each pixel."""

    shape: tuple[int, ...]
    mean: Float[Tensor, " pixels"]
    basis: Float[Tensor, "components pixels"]
    sd: Float[Tensor, " components"]
    low: Float[Tensor, " pixels"]
    high: Float[Tensor, " pixels"]

    def picture(self, amounts: Float[Tensor, " components"]) -> Float[Tensor, "1 c h w"]:
        """The picture with these SDs of each component, clipped to the pixels' range."""
        pixels = self.mean + (amounts * self.sd) @ self.basis
        return torch.maximum(torch.minimum(pixels, self.high), self.low).view(1, *self.shape)

    def distance(self, picture: Float[Tensor, "1 c h w"]) -> float:
        """Its distance from the mean in SDs: the root mean square over components."""
        amounts = ((picture.flatten() - self.mean) @ self.basis.T) / self.sd.clamp_min(1e-12)
        return float(amounts.square().mean().sqrt())


def _space_of(images: Float[Tensor, "n c h w"]) -> _Space:
    flat = images.flatten(1)
    if len(flat) < 2:
        raise ToileError(f"{len(flat)} pictures have no range and no SD; pass a hundred or more")
    mean = flat.mean(0)
    _, sizes, basis = torch.linalg.svd(flat - mean, full_matrices=False)
    sd = sizes / (len(flat) - 1) ** 0.5
    fractions = sd.square().cumsum(0) / sd.square().sum().clamp_min(1e-12)
    num = min(int((fractions < VARIANCE_FRACTION).sum()) + 1, MOST_COMPONENTS)
    return _Space(tuple(images.shape[1:]), mean, basis[:num], sd[:num], flat.amin(0), flat.amax(0))


def _climb(
    space: _Space,
    value: Callable[[Tensor], Tensor],
    amounts: Float[Tensor, " components"],
    steps: int,
) -> tuple[list[float], Float[Tensor, "1 c h w"]]:
    """The values of all steps, and the best picture."""
    amounts.requires_grad_()
    optimizer = torch.optim.Adam([amounts], RATE)
    values: list[float] = []
    best = space.picture(amounts).detach()
    for _ in range(steps):
        optimizer.zero_grad()
        picture = space.picture(amounts)
        reached = value(picture).sum()
        reached_now = float(reached.detach())
        if not values or reached_now > max(values):
            best = picture.detach()
        values.append(reached_now)
        (-reached).backward()
        step_optimizer(optimizer)
        with torch.no_grad():
            # A typical image has a sum of squares of about n over n standardised components.
            amounts *= min(1.0, len(amounts) ** 0.5 / float(amounts.norm().clamp_min(1e-12)))
    return values, best
