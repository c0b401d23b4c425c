"""The steps of a picture's preparation, and its warnings."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Real, UInt8

MOST_PX = 1024
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in px."""


@dataclass(frozen=True, eq=False)
class PreparationStep:
    """The picture after a step, smaller if it is large, and a sentence about the step.

    `box` is around the foreground, if the step found one.
    """

    name: str
    sentence: str
    pixels: UInt8[np.ndarray, "c h w"]
    box: Box | None = None


@dataclass(frozen=True)
class Notes:
    """The steps (if `keeps_steps`) and the warnings so far; every stage adds its own."""

    keeps_steps: bool = True
    steps: list[PreparationStep] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def step(
        self,
        name: str,
        sentence: str,
        greys: Real[np.ndarray, "c h w"],
        full: int = 255,
        box: Box | None = None,
    ) -> None:
        """Add a step; `greys` go from 0 to `full`."""
        if not self.keeps_steps:
            return
        # Only for display, so a side of about a thousand pixels is enough.
        stride = -(-max(greys.shape[1:]) // MOST_PX)
        thumbnail = greys[:, ::stride, ::stride]
        if stride > 1 and not self.steps:
            sentence += f" Shown here at {thumbnail.shape[2]} x {thumbnail.shape[1]} px."
        self.steps.append(PreparationStep(name, sentence, as_bytes(thumbnail * (255 / full)), box))


def as_bytes(greys: Float[np.ndarray, "c h w"]) -> UInt8[np.ndarray, "c h w"]:
    """`greys` rounded and clipped to 0 to 255."""
    rounded: UInt8[np.ndarray, "c h w"] = np.clip(np.rint(greys), 0, 255).astype(np.uint8)
    return rounded


def words(greys: Float[np.ndarray, " c"]) -> str:
    """`0`, or `255, 250, 240` for the channels of a colour."""
    return ", ".join(f"{grey:.0f}" for grey in greys)
