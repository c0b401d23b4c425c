"""A torch module as our layers, by the classes of its parts."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from toile import torch_private
from toile.conversion.activations import activation_layers
from toile.conversion.builder import NetworkBuilder, unheld
from toile.conversion.foreign import ForeignNetwork
from toile.conversion.refusals import refusals
from toile.errors import ToileError
from toile.recipe import layers

SOURCE = "the module"


def network_of_module(module: Any, data_shape: tuple[int, int, int]) -> ForeignNetwork:
    """The layers and weights of an `nn.Sequential` of torch's own layers.

    `data_shape` (c, h, w) is that of the pictures it takes. Raises ToileError naming the layer that
    ours cannot hold.
    """
    if type(module).__name__ != "Sequential" or not _is_torch(module):
        raise ToileError(
            f"the module is a {type(module).__name__}, whose forward is code; a "
            "torch.nn.Sequential can be read as it is. Write any other to ONNX, and import that: "
            'torch.onnx.export(module, example, "network.onnx", external_data=False)'
        )
    builder = NetworkBuilder(SOURCE, data_shape)
    _refuse_code("Sequential", module)
    with refusals(SOURCE, "a layer is not as torch has it"):
        zeros: tuple[str, list[int]] | None = None
        for name, part in _leaves(module, ""):
            kind = type(part).__name__
            _refuse_code(name, part)
            if kind not in _WRITERS or not _is_torch(part):
                raise unheld(SOURCE, name, f"is a {kind}")
            if kind == "Conv2d":
                _conv(builder, name, part, zeros[1] if zeros else [0, 0, 0, 0])
                zeros = None
                continue
            _pad_alone(builder, zeros)
            zeros = (name, [part.padding[i] for i in (2, 3, 0, 1)]) if kind == "ZeroPad2d" else None
            _WRITERS[kind](builder, name, part)
        _pad_alone(builder, zeros)
    return builder.finish()


def _pad_alone(builder: NetworkBuilder, zeros: tuple[str, list[int]] | None) -> None:
    """Zeros that no convolution takes in."""
    if zeros is not None:
        name, edges = zeros
        builder.pad_alone(int(builder.pad(edges, name)), name)


def _is_torch(module: Any) -> bool:
    """Whether its class is torch's own of that name, and none that is only called so."""
    kind = type(module)
    if not kind.__module__.startswith("torch.nn.modules."):
        return False
    return getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind


def _refuse_code(name: str, module: Any) -> None:
    """Raise ToileError where code of its owner's runs in, before or after what its class does."""
    if torch_private.has_hooks(module):
        raise unheld(SOURCE, name, "has hooks, which are code")
    kind = type(module)
    replaced = [attribute for attribute in vars(module) if callable(getattr(kind, attribute, None))]
    if replaced:
        raise unheld(
            SOURCE, name, f"has another {replaced[0]} than torch's {kind.__name__}, which is code"
        )


def _leaves(module: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    # Not named_children, which leaves out a module that stands in two places the second time.
    for name, part in torch_private.direct_modules(module).items():
        if type(part).__name__ == "Sequential" and _is_torch(part):
            _refuse_code(f"{prefix}{name}", part)
            yield from _leaves(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", part


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().cpu().float().numpy())


def _bias(module: Any) -> np.ndarray | None:
    return None if module.bias is None else _array(module.bias)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _conv(builder: NetworkBuilder, name: str, module: Any, zeros: list[int]) -> None:
    """A convolution, with the `zeros` (top, bottom, left, right) that stand before it."""
    if module.padding_mode != "zeros":
        raise unheld(SOURCE, name, f"pads by {module.padding_mode}", "zeros")
    padding: list[int] | str
    if module.padding == "same":
        if any(zeros):
            raise unheld(SOURCE, name, "has zeros in front of padding: same")
        padding = "same"
    else:
        rows, columns = (0, 0) if module.padding == "valid" else module.padding
        padding = [a + b for a, b in zip(zeros, (rows, rows, columns, columns), strict=True)]
    builder.conv(
        name,
        _array(module.weight),
        _bias(module),
        strides=module.stride,
        padding=padding,
        groups=module.groups,
        dilation=module.dilation,
    )


def _pool(kind: type[layers.Pool]) -> "Write":
    def write(builder: NetworkBuilder, name: str, module: Any) -> None:
        size = _pair(module.kernel_size)
        rows, columns = _pair(module.padding)
        if _pair(getattr(module, "dilation", 1)) != (1, 1) or getattr(
            module, "return_indices", False
        ):
            raise unheld(SOURCE, name, "has a dilation or gives indices", "dilation 1")
        if getattr(module, "divisor_override", None) is not None:
            raise unheld(SOURCE, name, "divides by a number of its own (divisor_override)")
        strides = size if module.stride is None else _pair(module.stride)
        sides = [
            side + 2 * pad for side, pad in zip(builder.shape[1:], (rows, columns), strict=True)
        ]
        if module.ceil_mode and any(
            (side - window) % step for side, window, step in zip(sides, size, strides, strict=True)
        ):
            raise unheld(SOURCE, name, "rounds its sides up (ceil_mode)", "padding: same")
        counts = bool(getattr(module, "count_include_pad", False))
        builder.pool(name, kind, size, strides, [rows, rows, columns, columns], counts)

    return write


def _global_pool(of: str) -> "Write":
    def write(builder: NetworkBuilder, name: str, module: Any) -> None:
        if _pair(module.output_size) != (1, 1):
            raise unheld(SOURCE, name, f"pools to {module.output_size}", "1")
        builder.global_pool(name, of)

    return write


def _batch_norm(builder: NetworkBuilder, name: str, module: Any) -> None:
    if module.running_mean is None:
        raise unheld(SOURCE, name, "has no running statistics", "track_running_stats=True")
    mean = _array(module.running_mean)
    gamma = np.ones_like(mean) if module.weight is None else _array(module.weight)
    beta = np.zeros_like(mean) if module.bias is None else _array(module.bias)
    momentum = 0.1 if module.momentum is None else module.momentum
    variance = _array(module.running_var)
    builder.batch_norm(name, gamma, beta, mean, variance, module.eps, momentum)


def _group_norm(builder: NetworkBuilder, name: str, module: Any) -> None:
    ones = np.ones(module.num_channels, np.float32)
    gamma = ones if module.weight is None else _array(module.weight)
    beta = 0 * ones if module.bias is None else _array(module.bias)
    layer = layers.GroupNorm(groups=module.num_groups, epsilon=module.eps)
    builder.norm(name, layer, gamma, beta)


def _instance_norm(builder: NetworkBuilder, name: str, module: Any) -> None:
    if module.track_running_stats:
        raise unheld(SOURCE, name, "has running statistics", "batchnorm")
    ones = np.ones(module.num_features, np.float32)
    gamma = ones if module.weight is None else _array(module.weight)
    beta = 0 * ones if module.bias is None else _array(module.bias)
    layer = layers.GroupNorm(groups=module.num_features, epsilon=module.eps)
    builder.norm(name, layer, gamma, beta)


def _layer_norm(builder: NetworkBuilder, name: str, module: Any) -> None:
    if len(builder.shape) != 1 or list(module.normalized_shape) != list(builder.shape):
        raise unheld(SOURCE, name, f"norms over {tuple(module.normalized_shape)}", "groupnorm: 1")
    ones = np.ones(builder.shape[0], np.float32)
    gamma = ones if module.weight is None else _array(module.weight)
    beta = 0 * ones if module.bias is None else _array(module.bias)
    builder.norm(name, layers.LayerNorm(epsilon=module.eps), gamma, beta)


def _linear(builder: NetworkBuilder, name: str, module: Any) -> None:
    if len(builder.shape) != 1:
        raise unheld(SOURCE, name, "works on the rows of pictures", "flatten before it")
    builder.dense(name, _array(module.weight), _bias(module))


def _end(kind: str) -> "Write":
    def write(builder: NetworkBuilder, name: str, module: Any) -> None:
        if module.dim not in (1, -1):
            raise unheld(SOURCE, name, f"is a {kind} over the axis {module.dim}", "dim=1")
        builder.softmax(name, kind)

    return write


def _flatten(builder: NetworkBuilder, name: str, module: Any) -> None:
    if module.start_dim != 1 or module.end_dim not in (-1, 3):
        raise unheld(SOURCE, name, f"flattens from {module.start_dim} to {module.end_dim}")
    builder.flatten(name, "first")


def _activation(kind: str, **settings: str) -> "Write":
    """`settings` are torch's attributes by Keras's names for them."""

    def write(builder: NetworkBuilder, name: str, module: Any) -> None:
        settings_of_module = {keras: getattr(module, torch) for keras, torch in settings.items()}
        if kind == "GELU":
            settings_of_module = {"approximate": module.approximate == "tanh"}
        for layer in activation_layers(kind, settings_of_module) or ():
            builder.add(layer, name)

    return write


def _unflatten(builder: NetworkBuilder, name: str, module: Any) -> None:
    if list(module.unflattened_size) != list(builder.shape):
        raise unheld(SOURCE, name, f"makes {tuple(module.unflattened_size)} of {builder.shape}")


def _deferred(builder: NetworkBuilder, name: str, module: Any) -> None:
    """Nothing yet: zeros wait for the convolution behind them, which takes them in."""


Write = Callable[[NetworkBuilder, str, Any], None]
_WRITERS: dict[str, Write] = {
    "Conv2d": _deferred,
    "Linear": _linear,
    "MaxPool2d": _pool(layers.MaxPool),
    "AvgPool2d": _pool(layers.AvgPool),
    "AdaptiveAvgPool2d": _global_pool("average"),
    "AdaptiveMaxPool2d": _global_pool("max"),
    "BatchNorm2d": _batch_norm,
    "BatchNorm1d": _batch_norm,
    "GroupNorm": _group_norm,
    "InstanceNorm2d": _instance_norm,
    "LayerNorm": _layer_norm,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    "Identity": lambda builder, name, module: None,
    "Dropout": lambda builder, name, module: builder.add(layers.Dropout(rate=module.p), name),
    "Dropout2d": lambda builder, name, module: builder.add(
        layers.SpatialDropout(rate=module.p), name
    ),
    "ZeroPad2d": _deferred,
    "ReLU": _activation("ReLU"),
    "LeakyReLU": _activation("LeakyReLU", negative_slope="negative_slope"),
    "ELU": _activation("ELU", alpha="alpha"),
    "SELU": _activation("SELU"),
    "GELU": _activation("GELU"),
    "SiLU": _activation("SiLU"),
    "Tanh": _activation("Tanh"),
    "Sigmoid": _activation("Sigmoid"),
    "Softmax": _end("softmax"),
    "LogSoftmax": _end("log_softmax"),
}
