"""Activations by the names that Keras, torch and ONNX give them, and by what they compute."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import erf, expit

from toile.recipe import layers

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
# Klambauer et al. 2017, arXiv:1706.02515, equation 2.
Function = Callable[[Float[np.ndarray, " n"]], Float[np.ndarray, " n"]]


def activation_layers(name: str, settings: Mapping[str, Any]) -> tuple[layers.Layer, ...] | None:
    """Our layers for an activation called `name`, its `settings` by Keras's names.

    None where there are none; nothing for the identity.
    """
    match name.lower().replace("_", ""):
        case "linear" | "identity":
            return ()
        case "relu":
            return _relu(settings)
        case "leakyrelu":
            # The function's slope in Keras; its layer, whose own is .3, always says it.
            slope = settings.get("negative_slope", settings.get("alpha", 0.2))
            return (layers.LeakyReLU(slope=float(slope)),)
        case "elu":
            return (layers.ELU(alpha=float(settings.get("alpha", 1.0))),)
        case "selu":
            return (layers.ELU(alpha=SELU_ALPHA), layers.Scale(factor=SELU_SCALE))
        case "gelu":
            tanh = settings.get("approximate", False)
            return (layers.GELU(approximation="tanh" if tanh else "none"),)
        case "silu" | "swish":
            return (layers.SiLU(),)
        case "tanh":
            return (layers.Tanh(),)
        case "sigmoid":
            return (layers.Sigmoid(),)
    return None


def _relu(settings: Mapping[str, Any]) -> tuple[layers.Layer, ...] | None:
    if settings.get("max_value") is not None or settings.get("threshold"):
        return None
    if slope := settings.get("negative_slope"):
        return (layers.LeakyReLU(slope=float(slope)),)
    return (layers.ReLU(),)


# Far enough for what is cut off at 6, as relu6 is, and fine enough for the bend at 0.
FAR = np.logspace(1, 9, 33)
POINTS = np.concatenate([np.linspace(-8, 8, 321), FAR, -FAR])
KNOWN: tuple[tuple[layers.Layer, Function], ...] = (
    (layers.ReLU(), lambda x: np.maximum(x, 0)),
    (layers.GELU(), lambda x: x * 0.5 * (1 + erf(x / 2**0.5))),
    (
        layers.GELU(approximation="tanh"),
        lambda x: 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))),
    ),
    (layers.SiLU(), lambda x: x * expit(x)),
    (layers.Tanh(), np.tanh),
    (layers.Sigmoid(), expit),
)


def activation_like(values: Float[np.ndarray, " n"]) -> layers.Layer | None:
    """The activation that gives `values` at `POINTS`; None where none does."""
    for layer, known in KNOWN:
        # Files have their constants in float32.
        if (np.abs(values - known(POINTS)) < 1e-5 * np.maximum(1, np.abs(POINTS))).all():
            return layer
    return None
