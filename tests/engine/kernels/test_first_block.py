"""The first convolution as a product of matrices gives what torch's layers give."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from toile.engine.kernels import first_block
from toile.engine.kernels.first_block import FirstBlock
from toile.network.padding import Conv2d, MaxPool2d


def conv_of(channels=1, filters=5, kernel=3, stride=1, edge=(0, 0, 0, 0), bias=True) -> Conv2d:
    torch.manual_seed(0)
    conv = Conv2d(channels, filters, kernel, stride, edge, 1, bias)
    return conv.to(memory_format=torch.channels_last)


def by_layers(conv: Conv2d, pools: bool, rectifies: bool, images: torch.Tensor) -> torch.Tensor:
    outputs = conv(images)
    if pools:
        outputs = MaxPool2d(2, 2, (0, 0, 0, 0))(outputs)
    return F.relu(outputs) if rectifies else outputs


def block_of(conv: Conv2d, pools=True, rectifies=False, dtype=torch.float32) -> FirstBlock:
    return FirstBlock(conv, pools, rectifies, dtype)


CASES = {
    "plain": {},
    "no bias": {"bias": False},
    "even kernel, odd edge": {"kernel": 2, "edge": (0, 1, 0, 1)},
    "same": {"edge": (1, 1, 1, 1)},
    "stride": {"stride": 2},
    "stride of 3, kernel of 1": {"stride": 3, "kernel": 1},
    "colour": {"channels": 3, "kernel": 4},
}


@torch.no_grad()
def gradients(block: FirstBlock, images: torch.Tensor, toward: torch.Tensor):
    outputs = block.forward(images)
    below, of_weights = block.backward(toward, False)
    assert below is None
    return outputs, of_weights


@pytest.mark.parametrize("rectifies", [False, True])
@pytest.mark.parametrize("pools", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_the_layers(case, pools, rectifies):
    conv = conv_of(**CASES[case])
    images = torch.rand(6, conv.in_channels, 13, 16).to(memory_format=torch.channels_last)
    theirs = by_layers(conv, pools, rectifies, images)
    toward = torch.randn_like(theirs)
    expected = torch.autograd.grad(theirs, list(conv.parameters()), toward)

    outputs, found = gradients(block_of(conv, pools, rectifies), images, toward)

    torch.testing.assert_close(outputs, theirs)
    assert outputs.is_contiguous(memory_format=torch.channels_last)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_batch_in_pieces_gives_what_it_gives_at_once(dtype, monkeypatch):
    conv = conv_of()
    images = torch.rand(7, 1, 12, 12)
    toward = torch.randn(7, 5, 5, 5).to(memory_format=torch.channels_last)
    at_once = gradients(block_of(conv, True, True, dtype), images, toward)
    # Two pictures a piece, and one left over.
    monkeypatch.setattr(first_block, "PIECE_BYTES", 2 * 5 * 10 * 10 * dtype.itemsize)
    outputs, found = gradients(block_of(conv, True, True, dtype), images, toward)
    rounding = 1e-5 if dtype == torch.float32 else 2**-7
    for mine, other in zip((outputs, *found), (at_once[0], *at_once[1]), strict=True):
        assert (mine - other).norm() <= rounding * other.norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rectifies", [False, True])
def test_of_equal_numbers_in_a_window_the_first_takes_the_gradient(rectifies, dtype):
    conv = conv_of(filters=1, kernel=1, bias=False)
    nn.init.ones_(conv.weight)
    images = torch.tensor([[[[2.0, 2.0, 1.0, 3.0], [2.0, 2.0, 3.0, 3.0]]]])
    toward = torch.tensor([[[[10.0, 100.0]]]])
    outputs, (gradient,) = gradients(block_of(conv, True, rectifies, dtype), images, toward)
    assert outputs.flatten().tolist() == [2, 3]
    # The winners are the first 2 and, of three 3, the one in the upper row.
    assert float(gradient) == 10 * 2 + 100 * 3


@pytest.mark.parametrize("rectifies", [False, True])
def test_of_windows_all_below_0_in_bfloat16_the_greatest_wins_and_a_relu_stops_it(rectifies):
    conv = conv_of(filters=1, kernel=1, bias=False)
    nn.init.ones_(conv.weight)
    images = torch.tensor([[[[-4.0, -2.0, 0.0, -1.0], [-3.0, -5.0, -2.0, -0.5]]]])
    toward = torch.tensor([[[[10.0, 100.0]]]])
    block = block_of(conv, True, rectifies, torch.bfloat16)
    outputs, (gradient,) = gradients(block, images, toward)
    assert outputs.flatten().tolist() == ([0, 0] if rectifies else [-2, 0])
    assert float(gradient) == (0 if rectifies else -20)


@pytest.mark.parametrize("rectifies", [False, True])
def test_in_bfloat16_it_errs_no_more_than_the_layers_do(rectifies):
    conv = conv_of(filters=16)
    images = torch.rand(32, 1, 28, 28).to(memory_format=torch.channels_last)
    exact = by_layers(conv, True, rectifies, images)
    toward = torch.randn_like(exact)
    exact_gradient = torch.autograd.grad(exact, conv.weight, toward)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        theirs = by_layers(conv, True, rectifies, images)
    their_gradient = torch.autograd.grad(theirs, conv.weight, toward.bfloat16())[0]

    block = block_of(conv, True, rectifies, torch.bfloat16)
    outputs, (gradient, _) = gradients(block, images, toward)

    assert outputs.dtype == torch.bfloat16
    for mine, other, right in (
        (outputs, theirs, exact),
        (gradient, their_gradient, exact_gradient),
    ):
        assert (mine - right).abs().max() <= 1.5 * (other - right).abs().max()


@pytest.mark.parametrize(
    ("channels", "kernel", "fits"), [(1, 8, True), (3, 4, True), (3, 5, False), (1, 9, False)]
)
def test_large_patches_are_left_to_torch(channels, kernel, fits):
    assert FirstBlock.fits(conv_of(channels=channels, kernel=kernel)) is fits
