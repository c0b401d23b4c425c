"""Varying training pictures in batches, on the device, as pure functions of the seed.

What a picture gets in an epoch is drawn for all pictures at once, by the picture's place in the
training part; so it does not depend on the batch it lands in, nor on a resume.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from toile.recipe import Augmentation
from toile.streams import stream_seed


@dataclass(frozen=True)
class Draws:
    """What each of n pictures gets."""

    shift: Int[Tensor, "n 2"]
    flip: Bool[Tensor, " n"]
    warp: Float[Tensor, "n 2 2"]
    brightness: Float[Tensor, " n"]
    corner: Int[Tensor, "n 2"]

    def of(self, indices: Int[Tensor, " b"]) -> "Draws":
        """The draws of the pictures at `indices`."""
        return Draws(**{name: values[indices] for name, values in vars(self).items()})

    def to(self, device: torch.device) -> "Draws":
        """The draws on `device`."""
        return Draws(**{name: values.to(device) for name, values in vars(self).items()})


def draw_epoch(
    settings: Augmentation, n: int, side_px: tuple[int, int], seed: int, epoch: int
) -> Draws:
    """What each of `n` pictures of `side_px` (h, w) gets in `epoch`, from 0.

    `flip: alternate` mirrors a random half in even epochs and the other half in odd ones, so that
    two epochs show every picture both ways (Jordan 2024, arXiv:2404.00498).
    """

    def stream(purpose: str, *when: int) -> torch.Generator:
        return torch.Generator().manual_seed(stream_seed(seed, purpose, *when))

    reach = settings.shift
    alternating = settings.flip == "alternate"
    coin = torch.rand(n, generator=stream("augment/flip", *([] if alternating else [epoch]))) < 0.5
    highest = torch.tensor([max(side - settings.erase, 0) + 1 for side in side_px])
    return Draws(
        shift=torch.randint(-reach, reach + 1, (n, 2), generator=stream("augment/shift", epoch)),
        flip=(coin ^ bool(epoch % 2 and alternating)) & (settings.flip is not None),
        warp=_warps(settings, n, stream("augment/warp", epoch)),
        brightness=1 + settings.brightness * _even(n, stream("augment/brightness", epoch)),
        corner=(torch.rand(n, 2, generator=stream("augment/erase", epoch)) * highest).long(),
    )


def _even(n: int, generator: torch.Generator) -> Float[Tensor, " n"]:
    """Uniform in [-1, 1)."""
    return torch.rand(n, generator=generator) * 2 - 1


def _warps(settings: Augmentation, n: int, generator: torch.Generator) -> Float[Tensor, "n 2 2"]:
    """Matrices from a place in the new picture to the place in the old one it shows."""
    angle = _even(n, generator) * math.radians(settings.rotate)
    slant = torch.tan(_even(n, generator) * math.radians(settings.shear))
    size = 1 + _even(n, generator) * settings.zoom
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(n, 2, 2)
    shear = torch.eye(2).repeat(n, 1, 1)
    shear[:, 0, 1] = slant
    return turn @ shear / size.view(n, 1, 1)


def windows(
    padded: UInt8[Tensor, "m c h2 w2"],
    indices: Int[Tensor, " n"],
    draws: Draws,
    reach: int,
) -> UInt8[Tensor, "n c h w"]:
    """The pictures at `indices`, shifted and mirrored, by indexing into pictures padded by `reach`.

    `draws` are theirs. The result is in channels_last memory.
    """
    height, width = (side - 2 * reach for side in padded.shape[2:])
    shift = draws.shift + reach
    rows = torch.arange(height, device=padded.device) + shift[:, :1]
    columns = torch.arange(width, device=padded.device).expand(len(indices), width)
    columns = torch.where(draws.flip[:, None], width - 1 - columns, columns) + shift[:, 1:]
    # (n, h, w, c) comes out of this indexing, which is channels_last without another copy.
    gathered = padded[indices[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return gathered.permute(0, 3, 1, 2)


def vary(
    images: Float[Tensor, "n c h w"],
    draws: Draws,
    settings: Augmentation,
    background: Float[Tensor, "1 c 1 1"],
    noise: torch.Generator,
) -> Float[Tensor, "n c h w"]:
    """Warp, brighten, add noise to and erase part of images in [0, 1]; `draws` are theirs.

    What comes in from outside the picture, and what is erased, takes the `background`'s grey.
    """
    if settings.rotate or settings.shear or settings.zoom:
        images = _warped(images - background, draws.warp) + background
    if settings.brightness:
        images = images * draws.brightness.view(-1, 1, 1, 1)
    if settings.noise:
        images = images + settings.noise * torch.randn(
            images.shape, generator=noise, device=images.device
        )
    if settings.erase:
        images = torch.where(_squares(images, draws.corner, settings.erase), background, images)
    return images.clamp(0, 1)


def _warped(images: Float[Tensor, "n c h w"], warp: Tensor) -> Float[Tensor, "n c h w"]:
    """`images` seen through `warp`, with 0 outside; turned in pixels, also where not square."""
    height, width = images.shape[2:]
    stretch = torch.tensor([[1.0, height / width], [width / height, 1.0]], device=images.device)
    # affine_grid speaks in halves of a side; in a picture that is not square those differ.
    theta = torch.cat([warp * stretch, torch.zeros(len(warp), 2, 1, device=images.device)], 2)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


def _squares(images: Tensor, corner: Int[Tensor, "n 2"], side_px: int) -> Bool[Tensor, "n 1 h w"]:
    rows, columns = (torch.arange(side, device=images.device) for side in images.shape[2:])
    in_rows = (rows >= corner[:, :1]) & (rows < corner[:, :1] + side_px)
    in_columns = (columns >= corner[:, 1:]) & (columns < corner[:, 1:] + side_px)
    return (in_rows[:, :, None] & in_columns[:, None, :])[:, None]
