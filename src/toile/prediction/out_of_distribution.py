"""Finds pictures that differ from the training images, and the features that differ."""

import numpy as np
from jaxtyping import Bool, UInt8

from toile.data import AnyPixels, Appearance, FeatureRange, chunk_slices, picture_features

FRACTIONS = ("foreground fraction",)


def unusual_features(
    pixels: UInt8[np.ndarray, "c h w"], appearance: Appearance
) -> tuple[list[str], list[str]]:
    """Reasons to abstain, and warnings: a sentence for each unusual feature of the picture.

    A feature outside the training images' range by more than its width is a reason to abstain.
    Lighting and other pens change features less, and then a network is often right.
    """
    features = picture_features(pixels[None], np.array(appearance.background))
    if appearance.framing is not None and features["foreground fraction"][0] == 0:
        return ["nothing is drawn in it"], []
    reasons, warnings = [], []
    for name, usual in appearance.features.items():
        if usual.holds(value := float(features[name][0])):
            continue
        sentence = (
            f"{name} {_number(name, value)} is outside the training images' range from "
            f"{_number(name, usual.low)} to {_number(name, usual.high)}"
        )
        if usual.holds(value, slack=_width(usual)):
            warnings.append(f"{sentence}; the prediction may be wrong")
        else:
            reasons.append(sentence)
    return reasons, warnings


def are_out_of_distribution(pixels: AnyPixels, appearance: Appearance) -> Bool[np.ndarray, " n"]:
    """Which pictures get no prediction by the reasons of `unusual_features`."""
    pieces = [_are_unusual(pixels[piece], appearance) for piece in chunk_slices(pixels)]
    return np.concatenate([np.empty(0, bool), *pieces])


def _are_unusual(
    pixels: UInt8[np.ndarray, "n c h w"], appearance: Appearance
) -> Bool[np.ndarray, " n"]:
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
