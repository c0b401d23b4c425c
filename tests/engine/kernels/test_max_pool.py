"""A pool and a ReLU as a link: to the bit what torch's layers make, and their gradient."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from toile.engine.kernels.max_pool import MaxPoolBlock
from toile.network.padding import MaxPool2d


def drawn(*shape: int, most: int = 1_000, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """Whole numbers around 0 in channels_last memory; with a small `most`, many equal ones."""
    draw = torch.Generator().manual_seed(0)
    numbers = torch.randint(-most, most + 1, shape, generator=draw).to(dtype)
    return numbers.contiguous(memory_format=torch.channels_last)


def pooled() -> MaxPoolBlock:
    return MaxPoolBlock(MaxPool2d(2, 2, (0, 0, 0, 0)), nn.ReLU())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("most", [2, 1_000])
@pytest.mark.parametrize("sides", [(6, 4), (7, 4), (6, 5), (3, 3), (2, 2)])
def test_it_makes_and_gives_back_what_torchs_pool_and_relu_do(sides, most, dtype):
    pictures = drawn(3, 5, *sides, most=most, dtype=dtype)
    theirs = pictures.clone().requires_grad_()
    expected = F.relu(F.max_pool2d(theirs, 2))
    gradient = drawn(*expected.shape, dtype=dtype)
    (wanted,) = torch.autograd.grad(expected, theirs, gradient)
    block = pooled()
    assert torch.equal(block.forward(pictures), expected)
    given, weights = block.backward(gradient, True)
    assert torch.equal(given, wanted)
    assert weights == ()


def test_it_takes_pictures_in_any_memory_and_a_gradient_in_float32():
    whole = drawn(2, 3, 8, 8)
    view, block, other = whole[:, :, 1:7, 1:7], pooled(), pooled()
    outputs = block.forward(view)
    assert torch.equal(outputs, other.forward(view.contiguous()))
    gradient = torch.randn(outputs.shape)
    given, _ = block.backward(gradient, True)
    expected, _ = other.backward(gradient.bfloat16(), True)
    assert torch.equal(given, expected)


def test_it_is_for_windows_of_two_in_bfloat16():
    halves, thirds = MaxPool2d(2, 2, (0, 0, 0, 0)), MaxPool2d(3, 2, (0, 0, 0, 0))
    assert MaxPoolBlock.fits(halves, torch.bfloat16)
    assert not MaxPoolBlock.fits(halves, torch.float32)
    assert not MaxPoolBlock.fits(thirds, torch.bfloat16)
