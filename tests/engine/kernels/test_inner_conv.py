"""A convolution as products: numbers and gradients are a convolution's, whatever its edges."""

import pytest
import torch
from torch.nn import functional as F

from toile.engine.kernels.inner_conv import InnerConvBlock
from toile.network.padding import Conv2d

EDGES = {"none": (0, 0, 0, 0), "uneven": (0, 1, 0, 1), "even": (1, 1, 1, 1), "odd": (2, 0, 1, 0)}


def conv_of(edge: str, kernel: int = 2, bias: bool = True, **settings: int) -> Conv2d:
    torch.manual_seed(0)
    known = {"channels": 8, "filters": 16, "stride": 1, "groups": 1} | settings
    conv = Conv2d(kernel=kernel, edge=EDGES[edge], bias=bias, **known)
    return conv.to(memory_format=torch.channels_last)


def exact(conv: Conv2d, pictures: torch.Tensor, gradient: torch.Tensor) -> list[torch.Tensor]:
    """What the convolution makes and its gradients, in float64 from what bfloat16 has of each."""
    given = [pictures, conv.weight, *([] if conv.bias is None else [conv.bias])]
    inputs, weight, *bias = (one.bfloat16().double().detach().requires_grad_() for one in given)
    outputs = F.conv2d(F.pad(inputs, conv.full_edge), weight, *bias)
    return [outputs, *torch.autograd.grad(outputs, [inputs, weight, *bias], gradient.double())]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(("kernel", "bias"), [(2, True), (2, False), (3, True)])
def test_numbers_and_gradients_are_right_for_any_edge_and_for_batches_by_turns(kernel, bias, edge):
    conv = conv_of(edge, kernel, bias)
    block = InnerConvBlock(conv, torch.bfloat16)
    # A batch of another size must not find what the last one left.
    for n in (6, 3, 6, 6):
        pictures = torch.randn(n, 8, 7, 5).bfloat16()
        rows, columns = (side + sum(EDGES[edge][:2]) - kernel + 1 for side in (7, 5))
        if edge == "odd":
            rows -= 1
        gradient = torch.randn(n, 16, rows, columns).bfloat16()
        with torch.no_grad():
            outputs = block.forward(pictures)
            inputs, weights = block.backward(gradient, True)
        for mine, right in zip(
            (outputs, inputs, *weights), exact(conv, pictures, gradient), strict=True
        ):
            assert mine.shape == right.shape
            # bfloat16 keeps 8 bits: half of the last one is 2 ** -9.
            assert (mine - right).norm() <= 2**-8 * right.norm()
        assert all(one.dtype == torch.float32 for one in weights)


def test_no_gradient_of_the_inputs_is_taken_where_none_is_wanted():
    block = InnerConvBlock(conv_of("none"), torch.bfloat16)
    with torch.no_grad():
        outputs = block.forward(torch.randn(2, 8, 5, 5).bfloat16())
        inputs, weights = block.backward(outputs, False)
    assert inputs is None
    assert len(weights) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": 32},
        {"channels": 4},
        {"filters": 10},
        {"stride": 2},
        {"groups": 2},
        {"kernel": 1},
    ],
)
def test_it_is_for_small_whole_patches_alone(settings):
    assert InnerConvBlock.fits(conv_of("none"), torch.bfloat16)
    assert not InnerConvBlock.fits(conv_of("none"), torch.float32)
    assert not InnerConvBlock.fits(conv_of("none", **settings), torch.bfloat16)
