"""Adversarial attacks: pictures changed by a limited amount so that a network predicts wrong."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from toile.distribution import extra_packages
from toile.errors import ToileError, not_one_of
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.inputs import Labels, checked_labels, refuse_misfits
from toile.network import MultiViewNetwork, Pixels
from toile.streams import stream_seed

with extra_packages("inspect", "an attack"):
    from captum.robust import FGSM, PGD  # type: ignore[import-untyped]

ATTACKS = {
    "fgsm": "one step by the sign of the loss's gradient: Goodfellow et al. 2015, arXiv:1412.6572",
    "pgd": "ten such steps of a quarter each, from a random start: Madry et al. 2018, "
    "arXiv:1706.06083",
}
STEPS = 10
STEP = 0.25
"""The step as a fraction of eps: Madry et al. use 2.5 / STEPS, so that the limit can be reached."""
BATCH = 250
PixelBytes = Any
"""Pictures of bytes: uint8 (n, c, h, w). What is none is refused in words."""
BYTES_STEP = "dataset.train.pixels of its data has them"


@dataclass(frozen=True, eq=False)
class Attacked:
    """The `pictures` after the attack, greys from 0 to 255 with fractions, and their logits."""

    pictures: Float32[np.ndarray, "n c h w"]
    logits: Float32[np.ndarray, "n k"]


def attack(
    network: nn.Module,
    images: PixelBytes,
    labels: Labels,
    method: str,
    eps: int | float,
    pixels: Pixels,
    seed: int = 0,
) -> Attacked:
    """Change each pixel of `images` by at most `eps` of 255 so that `labels` become unlikely.

    `images` are uint8 (n, c, h, w) and `labels` whole numbers (n,), both NumPy arrays.
    `method` is `fgsm` or `pgd`; the loss is cross-entropy. Steps are made in greys, which stay in 0
    to 255; `pixels` scales them for the network. `seed` draws the start of PGD. The network and
    torch's random state are not changed. Raises ToileError if there is no such method, if pictures
    or labels are not what the network takes, or if it has no gradient.
    """
    if method not in ATTACKS:
        raise not_one_of("attack", method, ATTACKS)

    _refuse_other_pictures(images, pixels)
    if not 0 <= eps <= 255:
        raise ToileError(f"eps is {eps}; it is a change in greys, from 0 to 255")

    def forward(fractions: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        logits: Tensor = network(pixels.standard(fractions))
        return logits

    parts, logits = [], []
    with evaluating(network):
        first = _first_logits(network, forward, images, pixels)
        _refuse_flat(network, first)
        checked_labels(labels, len(images), first.shape[1])
        for at in range(0, len(images), BATCH):
            fractions = _fractions(images[at : at + BATCH])
            target = torch.from_numpy(labels[at : at + BATCH])
            with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
                # Captum warns each time that it requires gradients of the pictures, and undoes it.
                warnings.filterwarnings("ignore", message="Input Tensor 0 did not already require")
                torch.manual_seed(stream_seed(seed, "attack", at))
                moved = _moved(forward, fractions, target, method, eps / 255)
            parts.append(moved)
            with torch.no_grad():
                logits.append(forward(moved))
    return Attacked((torch.cat(parts) * 255).numpy(), torch.cat(logits).numpy())


def _refuse_other_pictures(images: object, pixels: Pixels) -> None:
    """Raise ToileError for what are no pictures of bytes in the colours that `pixels` scales."""
    wanted = f"pass a NumPy array (n, c, h, w) of uint8: {BYTES_STEP}"
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
        kind = getattr(images, "dtype", type(images).__name__)
        raise ToileError(f"pictures came as {kind} {getattr(images, 'shape', '')}; {wanted}")
    if not images.size:
        raise ToileError(f"there is no picture in the shape {images.shape}; {wanted}")
    if images.shape[1] != len(pixels.mean):
        raise ToileError(
            f"pictures have {images.shape[1]} colours, and pixels scale {len(pixels.mean)}; "
            f"{BYTES_STEP}"
        )


def _first_logits(
    network: nn.Module,
    forward: Callable[[Tensor], Tensor],
    images: UInt8[np.ndarray, "n c h w"],
    pixels: Pixels,
) -> Float[Tensor, "1 k"]:
    """The logits of the first picture. Raises ToileError if a layer refuses it."""
    first = _fractions(images[:1])
    try:
        return forward(first.requires_grad_())
    except RuntimeError:
        if isinstance(network, MultiViewNetwork | nn.Sequential):
            refuse_misfits(network, pixels.standard(first.detach()), BYTES_STEP)
        raise


def _fractions(images: UInt8[np.ndarray, "n c h w"]) -> Float[Tensor, "n c h w"]:
    return torch.from_numpy(images).float() / 255


def _moved(
    forward: Callable[[Tensor], Tensor], fractions: Tensor, target: Tensor, method: str, eps: float
) -> Tensor:
    # One loss for each picture: a mean would make gradients smaller in larger batches.
    loss = nn.CrossEntropyLoss(reduction="none")
    if method == "fgsm":
        step = FGSM(forward, loss, 0.0, 1.0)
        # Captum treats gradients below 1e-6 as 0, and most of a confident network are so small.
        step.zero_thresh = 0.0
        return step.perturb(fractions, eps, target).detach()
    steps = PGD(forward, loss, 0.0, 1.0)
    steps.fgsm.zero_thresh = 0.0
    return steps.perturb(fractions, eps, eps * STEP, STEPS, target, random_start=True).detach()


def _refuse_flat(network: nn.Module, logits: Tensor) -> None:
    if not logits.requires_grad:
        raise ToileError(
            f"the logits of {type(network).__name__} have no gradient, and an attack follows the "
            "gradient of the loss: it cannot be attacked this way"
        )
