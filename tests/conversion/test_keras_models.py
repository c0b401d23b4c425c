"""Models that Keras itself writes answer here as they do there."""

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from toile.conversion import ForeignNetwork, read_network
from toile.errors import ToileError
from toile.network import trained_network
from toile.recipe import plan_network

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras")
L = keras.layers
SHAPE = (1, 12, 12)


def sequential(*layers: object, shape: tuple[int, ...] = (12, 12, 1)) -> object:
    return keras.Sequential([L.Input(shape), *layers])


def functional(network: Callable[[object], object]) -> object:
    inputs = keras.Input((12, 12, 1))
    return keras.Model(inputs, network(inputs))


def residual() -> object:
    inputs = keras.Input((12, 12, 1))
    x = L.Conv2D(4, 3, padding="same", name="stem")(inputs)
    y = L.Conv2D(4, 3, padding="same", activation="silu")(x)
    x = L.ReLU()(L.Add()([L.Conv2D(4, 1)(y), x]))
    y = L.BatchNormalization()(L.Conv2D(6, 3, strides=2, padding="same")(x))
    x = L.Add()([y, L.Conv2D(6, 1, strides=2)(x)])
    return keras.Model(inputs, L.Dense(5)(L.GlobalAveragePooling2D()(x)))


MODELS: dict[str, Callable[[], object]] = {
    "conv and flatten": lambda: sequential(
        L.Conv2D(3, 3, activation="relu"), L.MaxPooling2D(), L.Flatten(), L.Dropout(0.3),
        L.Dense(5, activation="softmax"),
    ),
    "separable and strides": lambda: sequential(
        L.SeparableConv2D(6, 3, strides=2, padding="same", depth_multiplier=2),
        L.BatchNormalization(), L.LeakyReLU(0.2), L.Flatten(), L.BatchNormalization(scale=False),
        L.Dense(5),
    ),
    "zeros before a convolution": lambda: sequential(
        L.ZeroPadding2D(2), L.Conv2D(4, 5, strides=2), L.ELU(), L.GlobalMaxPooling2D(), L.Dense(5)
    ),
    "the odd pixel of same": lambda: sequential(
        L.ZeroPadding2D(((0, 1), (0, 1))), L.Conv2D(4, 3, strides=2), L.Activation("tanh"),
        L.Flatten(), L.Dense(5),
    ),
    "zeros before a pool": lambda: sequential(
        L.Conv2D(4, 3, activation="relu"), L.ZeroPadding2D(1), L.MaxPooling2D(3, strides=2),
        L.Flatten(), L.Dense(5),
    ),
    "depthwise and mean pool": lambda: sequential(
        L.DepthwiseConv2D(3, depth_multiplier=4, padding="same", use_bias=False),
        L.SpatialDropout2D(0.2), L.AveragePooling2D(2, padding="same"), L.LayerNormalization(),
        L.GroupNormalization(2), L.GlobalAveragePooling2D(keepdims=True), L.Flatten(),
        L.Dense(16, activation="gelu"), L.Dense(5),
    ),
    "dense on every pixel": lambda: sequential(
        L.Conv2D(3, 3), L.Dense(4, activation="selu"), L.Flatten(), L.Dense(5)
    ),
    "a row of pixels": lambda: sequential(L.Dense(7, activation="tanh"), L.Dense(5), shape=(144,)),
    "a picture without channels": lambda: sequential(
        L.Flatten(), L.Dense(5, activation="softmax"), shape=(12, 12)
    ),
    "a row made a picture": lambda: sequential(
        L.Reshape((12, 12, 1)), L.Conv2D(3, 3), L.Flatten(), L.Dense(5), shape=(144,)
    ),
    "rescaling in front": lambda: sequential(
        L.Rescaling(1 / 127.5, offset=-1), L.Conv2D(3, 3, padding="same"), L.Flatten(), L.Dense(5)
    ),
    "normalisation in front": lambda: sequential(
        L.Normalization(mean=0.3, variance=0.09), L.Conv2D(3, 3), L.Flatten(), L.Dense(5)
    ),
    "a side of the picture left to Keras": lambda: sequential(
        L.Reshape((12, 12, -1)), L.Conv2D(3, 3), L.Flatten(), L.Dense(5), shape=(144,)
    ),
    "a mean for each pixel of a row": lambda: sequential(
        L.Normalization(mean=np.linspace(0.1, 0.9, 144), variance=np.linspace(0.1, 1, 144)),
        L.Dense(5), shape=(144,),
    ),
    "a function that reshapes, and one output by its name": lambda: functional(
        lambda x: {"classes": L.Dense(5)(keras.ops.reshape(L.Conv2D(3, 3)(x), (-1, 300)))}
    ),
    "nothing, and pictures erased in training": lambda: sequential(
        L.Identity(), L.RandomErasing(0.1), L.Conv2D(3, 3), L.Flatten(), L.Dense(5)
    ),
    "noise and variation in training": lambda: sequential(
        L.RandomFlip("horizontal"), L.Conv2D(3, 3), L.GaussianNoise(0.1), L.Flatten(), L.Dense(5)
    ),
    "leaky by name": lambda: sequential(
        L.Conv2D(3, 3, activation="leaky_relu"), L.Flatten(), L.Dense(5)
    ),
    "sums of two paths": residual,
}  # fmt: skip


def randomise(model: object) -> None:
    """Weights and statistics such as a training leaves, all different."""
    rng = np.random.default_rng(0)
    for weight in model.weights:  # type: ignore[attr-defined]
        if "seed" in weight.path:
            continue
        values = rng.normal(size=weight.shape) * 0.3
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path else values)


def answers(network: ForeignNetwork, images: np.ndarray) -> np.ndarray:
    """What the imported network gives for images (n, c, h, w) in the network's own scale."""
    plan = plan_network(network.layers, network.shape, network.outputs)
    factor, offset = (
        np.reshape(values, (1, -1, 1, 1)).astype("f4")
        for values in (network.scale.factor, network.scale.offset)
    )
    given = torch.from_numpy(images * factor + offset)
    logits = trained_network(plan, network.weights)(given).detach()
    return (logits.softmax(1) if network.output_kind == "softmax" else logits).numpy()


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_the_network_answers_as_keras_does(name: str, suffix: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    randomise(model)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    given = images.transpose(0, 2, 3, 1).reshape(4, *model.input_shape[1:])
    network = read_network(path, SHAPE)
    expected = model(given, training=False)
    expected = expected["classes"] if isinstance(expected, dict) else expected
    np.testing.assert_allclose(answers(network, images), np.asarray(expected.detach()), atol=2e-5)


def test_names_of_layers_are_kept(tmp_path: Path) -> None:
    model = sequential(L.Conv2D(3, 3, name="my_conv"), L.Flatten(), L.Dense(5, name="head"))
    model.save(tmp_path / "model.keras")
    network = read_network(tmp_path / "model.keras", SHAPE)
    assert {"my_conv.weight", "head.bias"} <= network.weights.keys()
    assert network.origins["my_conv"] == "my_conv"


def test_one_output_is_the_second_of_two_classes(tmp_path: Path) -> None:
    model = sequential(L.Flatten(), L.Dense(1, activation="sigmoid"))
    randomise(model)
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    network = read_network(tmp_path / "model.keras", SHAPE)
    logits = torch.from_numpy(answers(network, images))
    expected = np.asarray(model(images.transpose(0, 2, 3, 1)).detach())[:, 0]
    np.testing.assert_allclose(logits.softmax(1)[:, 1], expected, atol=1e-6)


def custom(x: object) -> object:
    return x


class Dense(L.Dense):
    pass


UNHELD = {
    "a function": (
        lambda: L.Activation(custom, name="own"),
        "own has the activation .*code of its",
    ),
    "a class": (lambda: Dense(3, name="mine"), "mine is a Dense of its author's"),
    "without a mean": (
        lambda: L.LayerNormalization(rms_scaling=True, name="rms"),
        "rms has other weights",
    ),
    "dilation": (lambda: L.Conv2D(3, 3, dilation_rate=2, name="wide"), "wide.*dilation of 2"),
    "oblong": (lambda: L.Conv2D(3, (1, 3), name="line"), "line.*kernel of 1 x 3"),
    "transposed": (lambda: L.Conv2DTranspose(3, 3, name="up"), "up is a Conv2DTranspose.*conv"),
    "capped": (lambda: L.ReLU(max_value=6, name="six"), "six has the activation ReLU"),
    "cropped": (lambda: L.RandomCrop(8, 8, name="crop"), "crop is a RandomCrop.*data.size_px"),
    "another function": (lambda: L.LSTM(2, name="memory"), "memory is a LSTM"),
    "lambda": (lambda: L.Lambda(lambda x: x * 2, name="code"), "code is a Lambda.*not run"),
    "model": (
        lambda: keras.Sequential([L.Input((12, 12, 1)), L.Conv2D(3, 3)], name="inner"),
        "inner is a Sequential.*one by one",
    ),
}


@pytest.mark.parametrize("name", UNHELD)
def test_what_cannot_be_held_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    make, message = UNHELD[name]
    shape = (12, 12) if name == "another function" else (12, 12, 1)
    model = sequential(make(), L.Flatten(), L.Dense(5), shape=shape)
    model.save(tmp_path / "model.keras")
    with pytest.raises(ToileError, match=message):
        read_network(tmp_path / "model.keras", SHAPE)


def test_what_has_weights_in_h5_and_is_none_of_ours_is_refused_by_its_name(tmp_path: Path) -> None:
    sequential(L.LSTM(2, name="memory"), L.Dense(5), shape=(12, 12)).save(tmp_path / "model.h5")
    with pytest.raises(ToileError, match="memory is a LSTM"):
        read_network(tmp_path / "model.h5", SHAPE)


def test_keras_2_called_the_kernel_of_a_depthwise_convolution_otherwise(tmp_path: Path) -> None:
    model = sequential(L.DepthwiseConv2D(3, depth_multiplier=2), L.Flatten(), L.Dense(5))
    randomise(model)
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        group = file["model_weights"][model.layers[0].name]
        kernel, bias = group.attrs["weight_names"]
        older = kernel.replace("/kernel", "/depthwise_kernel:0")
        group.move(kernel, older)
        group.attrs["weight_names"] = [older, bias]
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    expected = np.asarray(model(images.transpose(0, 2, 3, 1)).detach())
    network = read_network(tmp_path / "model.h5", SHAPE)
    np.testing.assert_allclose(answers(network, images), expected, atol=2e-5)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: L.LayerNormalization(center=False, scale=False, name="row"),
        lambda: L.BatchNormalization(name="row"),
        lambda: L.Dense(3, name="row"),
    ],
)
def test_columns_are_not_taken_for_channels(layer: Callable[[], object], tmp_path: Path) -> None:
    model = sequential(layer(), L.Flatten(), L.Dense(5), shape=(12, 12))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ToileError, match=r"row works on the columns of pictures.*Reshape"):
        read_network(tmp_path / "model.keras", SHAPE)


def test_channels_that_stand_first_and_then_last_are_refused(tmp_path: Path) -> None:
    model = sequential(
        L.Conv2D(12, 3, padding="same", data_format="channels_first"),
        L.Conv2D(4, 3, data_format="channels_last", name="second"),
        L.Flatten(), L.Dense(5), shape=(12, 12, 12),
    )  # fmt: skip
    model.save(tmp_path / "model.keras")
    with pytest.raises(ToileError, match="second takes channels last, where a layer before"):
        read_network(tmp_path / "model.keras", (12, 12, 12))


def test_a_variation_in_training_does_not_say_where_channels_stand(tmp_path: Path) -> None:
    model = sequential(
        L.RandomTranslation(0.1, 0.1, data_format="channels_last"),
        L.Conv2D(4, 3, data_format="channels_first"),
        L.Flatten(), L.Dense(5), shape=(3, 12, 12),
    )  # fmt: skip
    randomise(model)
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(1).random((4, 3, 12, 12), np.float32)
    network = read_network(tmp_path / "model.keras", (3, 12, 12))
    assert network.shape == (3, 12, 12)
    expected = np.asarray(model(images, training=False).detach())
    np.testing.assert_allclose(answers(network, images), expected, atol=2e-5)


def test_two_outputs_are_counted_and_named(tmp_path: Path) -> None:
    model = functional(
        lambda x: [L.Dense(5, name="kind")(L.Flatten()(x)), L.Flatten(name="raw")(x)]
    )
    model.save(tmp_path / "model.keras")
    with pytest.raises(ToileError, match=r"has 2 outputs, kind and raw; .*get_layer\(\"kind\"\)"):
        read_network(tmp_path / "model.keras", SHAPE)


def test_weights_in_bfloat16_are_not_said_to_be_quantized(tmp_path: Path) -> None:
    sequential(L.Flatten(), L.Dense(5, dtype="bfloat16")).save(tmp_path / "model.keras")
    with pytest.raises(ToileError, match=r"most likely in bfloat16; save .* in float32"):
        read_network(tmp_path / "model.keras", SHAPE)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_quantized_weights_are_not_read_as_fractions(suffix: str, tmp_path: Path) -> None:
    model = sequential(L.Flatten(), L.Dense(5, name="head"))
    model.quantize("int8")
    model.save(tmp_path / f"model{suffix}")
    with pytest.raises(ToileError, match=r"quantized|weights called|other weights than"):
        read_network(tmp_path / f"model{suffix}", SHAPE)


def test_a_sigmoid_before_a_softmax_stays(tmp_path: Path) -> None:
    model = sequential(L.Flatten(), L.Dense(5, activation="sigmoid"), L.Softmax())
    randomise(model)
    model.save(tmp_path / "model.keras")
    network = read_network(tmp_path / "model.keras", SHAPE)
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    expected = np.asarray(model(images.transpose(0, 2, 3, 1), training=False).detach())
    np.testing.assert_allclose(answers(network, images), expected, atol=1e-6)


def test_paths_that_are_joined_end_to_end_are_refused(tmp_path: Path) -> None:
    inputs = keras.Input((12, 12, 1))
    x = L.Conv2D(3, 3)(inputs)
    joined = L.Concatenate(name="both")([L.Conv2D(3, 1)(x), L.Conv2D(3, 1)(x)])
    model = keras.Model(inputs, L.Dense(5)(L.Flatten()(joined)))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ToileError, match="both takes 2 tensors"):
        read_network(tmp_path / "model.keras", SHAPE)
