"""The first convolution as a product of matrices gives what torch's layers give."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from toile.network.first_block import FirstBlock
from toile.network.padding import Conv2d, MaxPool2d


def conv_of(channels=1, filters=5, kernel=3, stride=1, edge=(0, 0, 0, 0), bias=True) -> Conv2d:
    torch.manual_seed(0)
    conv = Conv2d(channels, filters, kernel, stride, edge, 1, bias)
    return conv.to(memory_format=torch.channels_last)


def by_layers(conv: Conv2d, pool: MaxPool2d | None, images: torch.Tensor) -> torch.Tensor:
    made = conv(images)
    return made if pool is None else pool(made)


CASES = {
    "plain": {},
    "no bias": {"bias": False},
    "even kernel, odd edge": {"kernel": 2, "edge": (0, 1, 0, 1)},
    "same": {"edge": (1, 1, 1, 1)},
    "stride": {"stride": 2},
    "stride of 3, kernel of 1": {"stride": 3, "kernel": 1},
    "colour": {"channels": 3, "kernel": 4},
}


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_the_layers(case, pooled):
    conv, pool = conv_of(**CASES[case]), MaxPool2d(2, 2, (0, 0, 0, 0)) if pooled else None
    images = torch.rand(6, conv.in_channels, 13, 16).to(memory_format=torch.channels_last)
    theirs = by_layers(conv, pool, images)
    toward = torch.randn_like(theirs)
    expected = torch.autograd.grad(theirs, list(conv.parameters()), toward)

    made = FirstBlock(conv, pool)(images)

    torch.testing.assert_close(made, theirs)
    assert made.is_contiguous(memory_format=torch.channels_last)
    found = torch.autograd.grad(made, list(conv.parameters()), toward)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_of_equal_numbers_in_a_window_the_first_takes_the_gradient():
    conv = conv_of(filters=1, kernel=1, bias=False)
    nn.init.ones_(conv.weight)
    images = torch.tensor([[[[2.0, 2.0, 1.0, 3.0], [2.0, 2.0, 3.0, 3.0]]]])
    made = FirstBlock(conv, MaxPool2d(2, 2, (0, 0, 0, 0)))(images)
    assert made.flatten().tolist() == [2, 3]
    # The winners are the first 2 and, of three 3, the one in the upper row.
    (gradient,) = torch.autograd.grad(made, conv.weight, torch.tensor([[[[10.0, 100.0]]]]))
    assert float(gradient) == 10 * 2 + 100 * 3


def test_in_bfloat16_it_errs_no_more_than_the_layers_do():
    conv, pool = conv_of(filters=16), MaxPool2d(2, 2, (0, 0, 0, 0))
    images = torch.rand(32, 1, 28, 28).to(memory_format=torch.channels_last)
    exact = by_layers(conv, pool, images)
    toward = torch.randn_like(exact)
    exact_gradient = torch.autograd.grad(exact, conv.weight, toward)[0]
    errors = []
    for way in (FirstBlock(conv, pool), lambda x: by_layers(conv, pool, x)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = way(images)
        assert made.dtype == torch.bfloat16
        gradient = torch.autograd.grad(made, conv.weight, toward.bfloat16())[0]
        errors.append(
            (
                float((made - exact).detach().abs().max()),
                float((gradient - exact_gradient).abs().max()),
            )
        )
    (mine, my_gradient), (theirs, their_gradient) = errors
    assert mine <= 1.5 * theirs
    assert my_gradient <= 1.5 * their_gradient


def test_where_the_pictures_want_a_gradient_the_layers_are_used():
    conv = conv_of()
    images = torch.rand(2, 1, 8, 8, requires_grad=True)
    FirstBlock(conv, None)(images).sum().backward()
    expected = F.conv_transpose2d(torch.ones(2, 5, 6, 6), conv.weight)
    torch.testing.assert_close(images.grad, expected)


@pytest.mark.parametrize(
    ("channels", "kernel", "fits"), [(1, 8, True), (3, 4, True), (3, 5, False), (1, 9, False)]
)
def test_large_patches_are_left_to_torch(channels, kernel, fits):
    assert FirstBlock.fits(conv_of(channels=channels, kernel=kernel)) is fits
