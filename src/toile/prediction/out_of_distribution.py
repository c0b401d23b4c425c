"""Pictures that differ from the training images, and in what."""

import numpy as np
from jaxtyping import Bool, UInt8

from toile.data import Appearance, FeatureRange, picture_features

FRACTIONS = ("foreground fraction",)


def unusual_features(
    pixels: UInt8[np.ndarray, "c h w"], appearance: Appearance
) -> tuple[list[str], list[str]]:
    """Why this picture gets no answer, and warnings: a sentence for each feature that is unusual.

    What lies farther off than the training images differ among themselves gets no answer. Lighting
    and another pen move features by less, and a network often answers such pictures rightly.
    """
    features = picture_features(pixels[None], np.array(appearance.background))
    if appearance.framing is not None and features["foreground fraction"][0] == 0:
        return ["nothing is drawn in it"], []
    reasons, warnings = [], []
    for name, usual in appearance.features.items():
        if usual.holds(value := float(features[name][0])):
            continue
        sentence = (
            f"{name} {_number(name, value)} lies outside {_number(name, usual.low)} to "
            f"{_number(name, usual.high)}, as training images have it"
        )
        if usual.holds(value, slack=_width(usual)):
            warnings.append(f"{sentence}; the answer may mean little")
        else:
            reasons.append(sentence)
    return reasons, warnings


def are_out_of_distribution(
    pixels: UInt8[np.ndarray, "n c h w"], appearance: Appearance
) -> Bool[np.ndarray, " n"]:
    """Which pictures get no answer by what `unusual_features` says."""
    values = picture_features(pixels, np.array(appearance.background))
    out_of_distribution = np.zeros(len(pixels), bool)
    if appearance.framing is not None:
        out_of_distribution |= values["foreground fraction"] == 0
    for name, usual in appearance.features.items():
        slack = _width(usual)
        out_of_distribution |= (values[name] < usual.low - slack) | (
            values[name] > usual.high + slack
        )
    return out_of_distribution


def _width(usual: FeatureRange) -> float:
    return usual.high - usual.low


def _number(name: str, value: float) -> str:
    return f"{100 * value:.3g} %" if name in FRACTIONS else f"{value:.3g}"
