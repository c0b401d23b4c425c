"""In what a picture is unlike the training images."""

import numpy as np
from jaxtyping import UInt8

from toile.data import Appearance, picture_features

SHARES = ("drawn share",)


def strangeness(pixels: UInt8[np.ndarray, "c h w"], looks: Appearance) -> list[str]:
    """A sentence for each of the training images' features that this picture lies outside of."""
    found = picture_features(pixels[None], np.array(looks.paper))
    if looks.framing is not None and found["drawn share"][0] == 0:
        return ["nothing is drawn in it"]
    return [
        f"{name} {_number(name, value)} lies outside {_number(name, usual.low)} to "
        f"{_number(name, usual.high)}, as training images have it"
        for name, usual in looks.features.items()
        if not usual.holds(value := float(found[name][0]))
    ]


def _number(name: str, value: float) -> str:
    return f"{100 * value:.3g} %" if name in SHARES else f"{value:.3g}"
