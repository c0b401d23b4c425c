"""Convolution and pooling on a 4 x 4 picture worked by hand; `same` as Keras does it."""

import pytest
import torch
from torch import Tensor, nn

from toile.network import build_network
from toile.recipe import layers, plan_network

#  1  2  3  4
#  5  6  7  8
#  9 10 11 12
# 13 14 15 16
PICTURE = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)


def built(layer: layers.Layer, images: Tensor) -> nn.Module:
    """The module of one layer for pictures of the size of `images`."""
    network = (layer, layers.Flatten(), layers.Dense(units="classes"))
    plan = plan_network(network, tuple(images.shape[1:]), 2)
    return build_network(plan, seed=0)[0]


def outputs_of(layer: layers.Layer, images: Tensor = PICTURE) -> list[list[float]]:
    module = built(layer, images)
    for weight in module.parameters():
        torch.nn.init.ones_(weight)
    return module(images)[0, 0].tolist()


def conv(**fields: object) -> layers.Conv:
    return layers.Conv(filters=1, bias=False, **fields)


def test_an_even_kernel_pads_below_and_to_the_right():
    assert outputs_of(conv(kernel=2, padding="same")) == [
        [14.0, 18.0, 22.0, 12.0],
        [30.0, 34.0, 38.0, 20.0],
        [46.0, 50.0, 54.0, 28.0],
        [27.0, 29.0, 31.0, 16.0],
    ]


def test_same_with_a_stride_begins_at_the_first_pixel_and_pads_the_odd_one_after():
    # One row and one column of padding in all, and they lie below and to the right.
    assert outputs_of(conv(kernel=3, stride=2, padding="same")) == [[54.0, 45.0], [72.0, 54.0]]


def test_same_with_an_odd_kernel_pads_all_round():
    assert outputs_of(conv(kernel=3, padding="same"))[0] == [14.0, 24.0, 30.0, 22.0]


def test_valid_leaves_out_what_does_not_fit():
    assert outputs_of(conv(kernel=3, padding="valid")) == [[54.0, 63.0], [90.0, 99.0]]
    assert outputs_of(conv(kernel=3, stride=2, padding="valid")) == [[54.0]]


def test_a_number_pads_every_side_by_it():
    assert outputs_of(conv(kernel=4, stride=2, padding=1)) == [[54.0, 63.0], [90.0, 99.0]]


def test_a_stride_longer_than_the_kernel_skips_pixels():
    assert outputs_of(conv(kernel=1, stride=3, padding="same")) == [[1.0, 4.0], [13.0, 16.0]]


def test_max_pooling_never_takes_the_padding_for_the_greatest():
    same = layers.MaxPool(size=2, stride=1, padding="same")
    assert outputs_of(same, -PICTURE) == [
        [-1.0, -2.0, -3.0, -4.0],
        [-5.0, -6.0, -7.0, -8.0],
        [-9.0, -10.0, -11.0, -12.0],
        [-13.0, -14.0, -15.0, -16.0],
    ]
    assert outputs_of(layers.MaxPool(size=3, stride=2, padding="same")) == [
        [11.0, 12.0],
        [15.0, 16.0],
    ]


def test_max_pooling_moves_by_its_size_unless_told():
    assert outputs_of(layers.MaxPool(size=2)) == [[6.0, 8.0], [14.0, 16.0]]
    assert outputs_of(layers.MaxPool(size=3)) == [[11.0]]


def test_average_pooling_divides_by_what_lies_inside():
    # Nine, six, six and four pixels of the four windows are pixels of the picture.
    assert outputs_of(layers.AvgPool(size=3, stride=2, padding="same")) == [
        [54 / 9, 45 / 6],
        [72 / 6, 54 / 4],
    ]
    assert outputs_of(layers.AvgPool(size=2)) == [[3.5, 5.5], [11.5, 13.5]]


@pytest.mark.parametrize(("of", "expected"), [("average", [8.5, -8.5]), ("max", [16.0, -1.0])])
def test_global_pooling_gives_one_number_a_channel(of, expected):
    images = torch.cat([PICTURE, -PICTURE], dim=1)
    outputs = built(layers.GlobalPool(of=of), images)(images)
    assert outputs.tolist() == [expected]


# torch warns that it copies the picture to pad it, which is no matter here.
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("groups", [1, 2])
def test_same_without_a_stride_agrees_with_torchs_own(kernel: int, groups: int):
    layer = layers.Conv(filters=4, kernel=kernel, padding="same", groups=groups)
    images = torch.rand(3, 2, 5, 7)
    module = built(layer, images)
    # torch, too, puts the odd pixel after when it may not stride.
    expected = torch.nn.functional.conv2d(
        images, module.weight, module.bias, padding="same", groups=groups
    )
    torch.testing.assert_close(module(images), expected)
