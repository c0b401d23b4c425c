"""Computes an exported .h5 file with h5py and numpy.

It reads the model's configuration as Keras does and computes it channels last, so that an export
can be checked without TensorFlow or Keras. It is slow, and refuses unknown layers. Use it only for
files of Toile: the HDF5 library crashes on some damaged files.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8
from scipy.special import erf

from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.export.about import KEY, read_about
from toile.export.opened import read_export, scaled

Array = np.ndarray
Config = dict[str, Any]
Compute = Callable[[Config, dict[str, Array], list[Array]], Array]
AT_ONCE = 10
MOST_PX = 256
"""The largest window, stride and padding: the side of the largest picture."""


class KerasClassifier:
    """A functional model whose last layer is a softmax."""

    def __init__(self, content: bytes) -> None:
        """Raises ToileError if the file is damaged, not by Toile, or has an unknown layer."""
        with extra_packages("export"):
            import h5py  # type: ignore[import-untyped]
        self.runtime = f"Toile's numpy reader, h5py {h5py.__version__}"
        source = "the Keras file"
        with _refusals(source):
            with h5py.File(io.BytesIO(content), "r") as file:
                self.about = read_about(file.attrs.get(KEY), source)
                model = json.loads(file.attrs["model_config"])["config"]
                self._layers: list[Config] = model["layers"]
                self._weights = {
                    layer["name"]: _weights(file["model_weights"][layer["name"]])
                    for layer in self._layers
                }
            kinds = {str(layer["class_name"])[:40] for layer in self._layers}
        if unknown := kinds - {*_COMPUTE, "InputLayer"}:
            raise ToileError(
                f"{source} has layers this reader does not know: {', '.join(sorted(unknown))}; "
                "open it with Keras"
            )

    @classmethod
    def open(cls, path: Path) -> "KerasClassifier":
        """Open the file at `path`. Raises ToileError if it cannot be read."""
        return cls(read_export(path))

    def logits(self, pixels: UInt8[Array, "n c h w"]) -> Float32[Array, "n k"]:
        """The logits (n, k): the outputs before the softmax."""
        images = scaled(pixels, self.about.data).transpose(0, 2, 3, 1)
        batches = range(0, len(images), AT_ONCE)
        with _refusals("the Keras file"):
            return np.concatenate(
                [
                    self._through(images[start : start + AT_ONCE], self._layers[:-1])
                    for start in batches
                ]
            )

    def probabilities(self, pixels: UInt8[Array, "n c h w"]) -> Float32[Array, "n k"]:
        """The probabilities (n, k): the outputs of the model."""
        last, logits = self._layers[-1], self.logits(pixels)
        with _refusals("the Keras file"):
            return _COMPUTE[last["class_name"]](last["config"], {}, [logits])

    def _through(self, images: Float32[Array, "n h w c"], layers: list[Config]) -> Array:
        outputs = {(layers[0]["name"], 0): images}
        last_reader = {
            key: layer["name"] for layer in layers for call in _calls(layer) for key in call
        }
        for layer in layers[1:]:
            name, compute = layer["name"], _COMPUTE[layer["class_name"]]
            for number, keys in enumerate(_calls(layer)):
                outputs[name, number] = compute(
                    layer["config"], self._weights[name], [outputs[key] for key in keys]
                )
            # Without this a deep network on large pictures would not fit in memory.
            for key in [key for key in outputs if last_reader.get(key) == name]:
                del outputs[key]
        return outputs[layers[-1]["name"], 0]


@contextmanager
def _refusals(source: str) -> Iterator[None]:
    """Turn the errors of a damaged file inside the block into ToileError."""
    try:
        yield
    except (OSError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise ToileError(f"{source} is damaged: {error!s:.80}") from None


def _calls(layer: Config) -> list[list[tuple[str, int]]]:
    """The inputs of each call of the layer: layer names and numbers of calls."""
    return [[(str(name), int(call)) for name, call, *_ in node] for node in layer["inbound_nodes"]]


def _weights(group: Any) -> dict[str, Array]:
    """A layer's weights by the last part of their names, such as kernel, bias and gamma."""
    return {
        name.rsplit("/", 1)[-1].removesuffix(":0"): group[name][()]
        for name in group.attrs["weight_names"]
    }


def _side(config: Config, name: str) -> int:
    """The side of a square setting. Raises ValueError if it is larger than any picture."""
    side, _ = config[name]
    return _checked(side, name)


def _checked(side: Any, name: str) -> int:
    # Time and memory grow with it, and a damaged file may have any number here.
    if type(side) is not int or not 0 <= side <= MOST_PX:
        raise ValueError(f"{name} is {side!r:.40}")
    return side


def _same_edges(side: int, window: int, stride: int) -> tuple[int, int]:
    """Padding before and after a side as in TensorFlow's `same`: an odd pixel comes after."""
    missing = max(window + stride * ((side - 1) // stride) - side, 0)
    return missing // 2, missing - missing // 2


def _windows(
    images: Float[Array, "n h w c"], window: int, stride: int, padding: str, fill: float
) -> list[list[Float[Array, "n out_h out_w c"]]]:
    """For each row and column of a window, its pixels at all positions of the window."""
    if padding == "same":
        edges = [_same_edges(side, window, stride) for side in images.shape[1:3]]
        images = np.pad(images, [(0, 0), *edges, (0, 0)], constant_values=fill)
    height, width = ((side - window) // stride + 1 for side in images.shape[1:3])
    return [
        [
            images[:, row : row + height * stride : stride, at : at + width * stride : stride]
            for at in range(window)
        ]
        for row in range(window)
    ]


def _conv(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    kernel, groups = weights["kernel"], config["groups"]
    stride, window = _side(config, "strides"), _side(config, "kernel_size")
    parts = []
    for images, group_kernel in zip(
        np.split(inputs[0], groups, axis=-1), np.split(kernel, groups, axis=-1), strict=True
    ):
        windows = _windows(images, window, stride, config["padding"], 0.0)
        parts.append(
            sum(
                np.tensordot(pixels, group_kernel[row, at], 1)
                for row, line in enumerate(windows)
                for at, pixels in enumerate(line)
            )
        )
    return _with_bias(np.concatenate(parts, axis=-1), weights)


def _dense(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    return _with_bias(inputs[0] @ weights["kernel"], weights)


def _with_bias(outputs: Array, weights: dict[str, Array]) -> Array:
    return outputs + weights["bias"] if "bias" in weights else outputs


def _max_pool(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    stride, window = _side(config, "strides"), _side(config, "pool_size")
    windows = _windows(inputs[0], window, stride, config["padding"], -np.inf)
    return np.maximum.reduce([pixels for line in windows for pixels in line])


def _average_pool(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    stride, window = _side(config, "strides"), _side(config, "pool_size")

    def summed(images: Array) -> Array:
        windows = _windows(images, window, stride, config["padding"], 0.0)
        return np.add.reduce([pixels for line in windows for pixels in line])

    return summed(inputs[0]) / summed(np.ones_like(inputs[0][:1, :, :, :1]))


def _batch_norm(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    scale = weights["gamma"] / np.sqrt(weights["moving_variance"] + np.float32(config["epsilon"]))
    return (inputs[0] - weights["moving_mean"]) * scale + weights["beta"]


def _normed(values: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    centred = values - values.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + np.float32(epsilon))


def _layer_norm(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    return _normed(inputs[0], (-1,), config["epsilon"]) * weights["gamma"] + weights["beta"]


def _group_norm(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    shape, groups = inputs[0].shape, config["groups"]
    grouped = inputs[0].reshape(shape[0], -1, groups, shape[-1] // groups)
    normed = _normed(grouped, (1, 3), config["epsilon"]).reshape(shape)
    return normed * weights["gamma"] + weights["beta"]


def _sigmoid(values: Array) -> Array:
    # With tanh, since exp of a large number overflows.
    return 0.5 * (1 + np.tanh(0.5 * values))


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda values: np.maximum(values, 0),
    "gelu": lambda values: values * (0.5 * (1 + erf(values / np.float32(2**0.5)))),
    "swish": lambda values: values * _sigmoid(values),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "linear": lambda values: values,
}


def _elu(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    negative = np.float32(config["alpha"]) * np.expm1(np.minimum(inputs[0], 0))
    return np.where(inputs[0] > 0, inputs[0], negative)


def _leaky_relu(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    return np.where(inputs[0] > 0, inputs[0], np.float32(config["negative_slope"]) * inputs[0])


def _zero_padding(config: Config, weights: dict[str, Array], inputs: list[Array]) -> Array:
    edge = _checked(config["padding"], "padding")
    return np.pad(inputs[0], [(0, 0), (edge, edge), (edge, edge), (0, 0)])


_COMPUTE: dict[str, Compute] = {
    "Conv2D": _conv,
    "Dense": _dense,
    "MaxPooling2D": _max_pool,
    "AveragePooling2D": _average_pool,
    "GlobalAveragePooling2D": lambda config, weights, inputs: inputs[0].mean((1, 2)),
    "GlobalMaxPooling2D": lambda config, weights, inputs: inputs[0].max((1, 2)),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "Activation": lambda config, weights, inputs: _ACTIVATIONS[config["activation"]](inputs[0]),
    "ELU": _elu,
    "ReLU": _leaky_relu,
    "Dropout": lambda config, weights, inputs: inputs[0],
    "SpatialDropout2D": lambda config, weights, inputs: inputs[0],
    "Flatten": lambda config, weights, inputs: inputs[0].reshape(len(inputs[0]), -1),
    "Permute": lambda config, weights, inputs: inputs[0].transpose(0, *config["dims"]),
    "Rescaling": lambda config, weights, inputs: (
        inputs[0] * np.float32(config["scale"]) + np.float32(config["offset"])
    ),
    "Average": lambda config, weights, inputs: np.mean(inputs, axis=0),
    "Add": lambda config, weights, inputs: inputs[0] + inputs[1],
    "ZeroPadding2D": _zero_padding,
}
