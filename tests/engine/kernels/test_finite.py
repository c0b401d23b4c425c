"""What is not a number, or infinite, is what the layers make of it in every link."""

import math
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from tests.engine.kernels.test_compiled_network import NETWORKS, images_of, network_of
from toile.engine.kernels.block import Block
from toile.engine.kernels.blocks import DenseBlock
from toile.engine.kernels.compiled_network import CompiledNetwork
from toile.engine.kernels.first_block import FirstBlock
from toile.engine.kernels.inner_conv import InnerConvBlock
from toile.engine.kernels.max_pool import MaxPoolBlock
from toile.network.padding import Conv2d, MaxPool2d

NO_EDGE = (0, 0, 0, 0)
NEAR = {"rtol": 0.02, "atol": 0.05, "equal_nan": True, "check_dtype": False}
SIGNED_NAN = torch.tensor([-0x400000], dtype=torch.int32).view(torch.float32)
VALUES = {
    "nan": torch.tensor([math.nan]),
    "a nan as processors make it": SIGNED_NAN,
    "infinity": torch.tensor([math.inf]),
    "minus infinity": torch.tensor([-math.inf]),
    # Finite, but its products are not.
    "too large a number": torch.tensor([3e38]),
}


class Case(NamedTuple):
    """Layers, the link that stands for them in a dtype, and the shape that they take."""

    layers: list[nn.Module]
    block: Callable[[list[nn.Module], torch.dtype], Block]
    shape: tuple[int, ...]


def conv(channels: int, filters: int, edge: tuple[int, ...] = NO_EDGE) -> Conv2d:
    torch.manual_seed(0)
    return Conv2d(channels, filters, 2, 1, edge, 1, True).to(memory_format=torch.channels_last)


def pool() -> MaxPool2d:
    return MaxPool2d(2, 2, NO_EDGE)


def first_block(pools: bool, rectifies: bool) -> Case:
    layers = [conv(1, 4), *[pool()] * pools, *[nn.ReLU()] * rectifies]
    return Case(layers, lambda own, dtype: FirstBlock(own[0], pools, rectifies, dtype), (1, 9, 8))


def dense(rectifies: bool) -> Case:
    layers = [nn.Linear(7, 5), *[nn.ReLU()] * rectifies]
    return Case(layers, lambda own, dtype: DenseBlock(own[0], rectifies, dtype), (7,))


def inner_conv(edge: tuple[int, ...]) -> Case:
    return Case([conv(8, 8, edge)], lambda own, dtype: InnerConvBlock(own[0], dtype), (8, 6, 5))


HALF, FULL = torch.bfloat16, torch.float32
WEIGHED = {
    "first block": (first_block(False, False), FULL),
    "first block, relu": (first_block(False, True), FULL),
    "first block, pool": (first_block(True, False), FULL),
    "first block, pool, relu": (first_block(True, True), FULL),
    "dense, relu": (dense(True), FULL),
    "first block in half": (first_block(False, False), HALF),
    "first block, relu in half": (first_block(False, True), HALF),
    "first block, pool in half": (first_block(True, False), HALF),
    "first block, pool, relu in half": (first_block(True, True), HALF),
    "dense in half": (dense(False), HALF),
    "dense, relu in half": (dense(True), HALF),
}
POOLED = Case([pool(), nn.ReLU()], lambda own, dtype: MaxPoolBlock(*own), (8, 6, 5))
CASES = {
    **WEIGHED,
    "inner conv in half": (inner_conv(NO_EDGE), HALF),
    "pool, relu in half": (POOLED, HALF),
}


def each(cases: dict[str, tuple[Case, torch.dtype]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("case", "dtype"), cases.values(), ids=cases)


def pictures_for(case: Case, dtype: torch.dtype) -> Tensor:
    numbers = torch.randn(3, *case.shape, generator=torch.Generator().manual_seed(1))
    if numbers.dim() == 4:
        numbers = numbers.contiguous(memory_format=torch.channels_last)
    # The first link is given float32, and rounds it itself.
    return numbers if case.shape[0] == 1 else numbers.to(dtype)


def assert_as_the_layers(
    case: Case, dtype: torch.dtype, pictures: Tensor, worst: float = 1.0
) -> None:
    """The link makes what its layers do by autograd, and gives back the same gradients.

    `worst` is a number of the gradient that comes back.
    """
    outputs = inputs = pictures.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        for layer in case.layers:
            outputs = layer(outputs)
    toward = torch.linspace(1, 2, outputs.numel()).view(outputs.shape)
    # Away from the edges: beyond those infinity is times 0 here, and torch leaves them out.
    toward[(1, 0, 1, 1) if toward.dim() == 4 else (1, 1)] = worst
    weights = [one for layer in case.layers for one in layer.parameters()]
    expected = torch.autograd.grad(outputs, [inputs, *weights], toward.to(outputs.dtype))

    block = case.block(case.layers, dtype)
    with torch.no_grad():
        mine = block.forward(pictures)
        below, of_weights = block.backward(toward, True)

    torch.testing.assert_close(mine, outputs, **NEAR)
    for one, other in zip(of_weights, expected[1:], strict=True):
        torch.testing.assert_close(one, other, **NEAR)
    if below is not None:
        torch.testing.assert_close(below, expected[0], **NEAR)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@each(CASES)
def test_in_pictures(case, dtype, value):
    pictures = pictures_for(case, dtype)
    pictures[(1, 0, 2, 3) if pictures.dim() == 4 else (1, 2)] = value.to(pictures.dtype)[0]
    assert_as_the_layers(case, dtype, pictures)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("which", ["weight", "bias"])
@each(WEIGHED)
def test_in_weights(case, dtype, which, value):
    weight = getattr(case.layers[0], which)
    before = weight.detach().clone()
    weight.data[(1, *[0] * (weight.dim() - 1))] = value[0]
    try:
        assert_as_the_layers(case, dtype, pictures_for(case, dtype))
    finally:
        weight.data.copy_(before)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("edge", [NO_EDGE, (1, 1, 1, 1)], ids=["no edge", "edge"])
def test_in_weights_of_an_inner_conv(edge, value):
    """At an edge it may make NaN where torch leaves a weight out, and never the other way."""
    case = inner_conv(edge)
    (layer,), pictures = case.layers, pictures_for(case, HALF)
    layer.weight.data[1, 0, 0, 0] = value[0]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        expected = layer(pictures)
        outputs = case.block(case.layers, HALF).forward(pictures)
    assert not torch.isfinite(outputs[~torch.isfinite(expected)]).any()
    inside = slice(edge[0], -edge[0] or None)
    one, other = (numbers[:, :, inside, inside] for numbers in (outputs, expected))
    torch.testing.assert_close(one, other, **NEAR)


@pytest.mark.parametrize("worst", [math.nan, math.inf, -math.inf])
@each(CASES)
def test_in_the_gradient_that_comes_back(case, dtype, worst):
    assert_as_the_layers(case, dtype, pictures_for(case, dtype), worst)


@pytest.mark.parametrize("dtype", [FULL, HALF])
@pytest.mark.parametrize("layer", ["conv1", "conv2", "conv3", "dense1"])
def test_a_network_with_weights_that_are_not_numbers_answers_so(layer, dtype):
    network = network_of(NETWORKS["few channels"])
    network.get_parameter(f"{layer}.weight").data.fill_(SIGNED_NAN[0])
    assert CompiledNetwork(network, dtype).forward(images_of()).isnan().all()
