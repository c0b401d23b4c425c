"""Shapes, parameters, multiply-adds and receptive fields worked by hand; refusals in words."""

from typing import Any

import pytest

from toile.errors import ToileError
from toile.recipe import Plan, plan_network
from toile.recipe.arithmetic import padded_side
from toile.recipe.layers.network import read_layers


def plan_of(*entries: Any, shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10) -> Plan:
    return plan_network(read_layers(list(entries), "network"), shape, classes)


def refusal(*entries: Any, shape: tuple[int, int, int] = (1, 28, 28)) -> str:
    with pytest.raises(ToileError) as caught:
        plan_of(*entries, shape=shape)
    return str(caught.value)


def test_the_lab_sheets_network_worked_by_hand():
    plan = plan_of(
        {"conv": 32}, "relu", {"maxpool": 2}, "flatten", {"dense": 16}, "relu", {"dense": "classes"}
    )
    conv, _, pool, flat, dense, _, last = plan.layers
    assert (conv.output, conv.parameters, conv.macs) == (
        (32, 26, 26),
        9 * 32 + 32,
        26 * 26 * 9 * 32,
    )
    assert (pool.output, pool.parameters, pool.macs) == ((32, 13, 13), 0, 0)
    assert flat.output == (5408,)
    assert (dense.parameters, dense.macs) == (5408 * 16 + 16, 5408 * 16)
    assert (last.name, last.parameters, last.macs) == ("dense2", 170, 160)
    assert (plan.parameters, plan.trainable, plan.macs) == (87_034, 87_034, 194_688 + 86_528 + 160)


def test_receptive_fields_grow_by_the_kernel_times_the_strides_before():
    plan = plan_of(
        {"conv": {"filters": 4, "kernel": 3}},  # 1 + 2 = 3
        "relu",  # 3
        {"maxpool": 2},  # 3 + 1 = 4, neighbours 2 apart
        {"conv": {"filters": 4, "kernel": 3, "stride": 2}},  # 4 + 2 * 2 = 8, 4 apart
        {"conv": {"filters": 4, "kernel": 2}},  # 8 + 4 = 12
        "flatten",  # each number is still one place's
        {"dense": "classes"},  # sees all
        {"scale": 0.1},
    )
    assert [layer.receptive_field_px for layer in plan.layers] == [3, 3, 4, 8, 12, 12, 28, 28]


def test_no_output_sees_more_than_the_picture():
    wide = {"conv": {"filters": 1, "kernel": 9, "padding": "same"}}
    plan = plan_of(wide, wide, wide, "globalpool", {"dense": "classes"}, shape=(1, 10, 14))
    assert [layer.receptive_field_px for layer in plan.layers] == [9, 14, 14, 14, 14]


def test_a_network_without_convolutions_sees_pixel_by_pixel_until_its_first_dense_layer():
    plan = plan_of("flatten", {"dense": 5}, {"dense": "classes"})
    assert [layer.receptive_field_px for layer in plan.layers] == [1, 28, 28]


def test_groups_divide_the_weights_and_the_multiply_adds():
    conv = plan_of({"conv": {"filters": 6, "groups": 3}}, "globalpool", {"dense": "classes"},
                   shape=(3, 5, 5)).layers[0]  # fmt: skip
    assert (conv.parameters, conv.macs) == (6 * 1 * 9 + 6, 6 * 1 * 9 * 9)


def test_bias_off_leaves_the_biases_out():
    plan = plan_of({"conv": {"filters": 2, "bias": False}}, "flatten",
                   {"dense": {"units": "classes", "bias": False}}, shape=(1, 4, 4))  # fmt: skip
    assert [layer.parameters for layer in plan.layers] == [18, 0, 80]


def test_batch_norm_counts_four_numbers_a_channel_of_which_two_are_learnt():
    plan = plan_of({"conv": {"filters": 7, "bias": False}}, "batchnorm", "flatten",
                   {"dense": {"units": "classes", "bias": False}}, shape=(1, 3, 3))  # fmt: skip
    norm = plan.layers[1]
    assert (norm.parameters, norm.untrained) == (28, 14)
    assert plan.trainable == plan.parameters - 14


def test_a_block_adds_up_what_is_inside_it():
    plan = plan_of(
        {"residual": {
            "layers": [{"conv": {"filters": 4, "stride": 2, "padding": "same"}}, "batchnorm"],
            "shortcut": [{"conv": {"filters": 4, "kernel": 1, "stride": 2}}],
        }},
        "globalpool", {"dense": "classes"}, shape=(2, 8, 6),
    )  # fmt: skip
    block = plan.layers[0]
    assert [layer.name for layer in plan.walk()] == [
        "residual1", "residual1.conv1", "residual1.batchnorm1", "residual1.shortcut.conv1",
        "globalpool1", "dense1",
    ]  # fmt: skip
    assert block.output == (4, 4, 3)
    assert block.parameters == (4 * 2 * 9 + 4) + 16 + (4 * 2 + 4)
    assert block.untrained == 8
    assert block.macs == 12 * (4 * 2 * 9) + 12 * (4 * 2)
    assert block.receptive_field_px == 3


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding", "expected"),
    [
        (4, 3, 1, "valid", (2, 0, 0)),
        (5, 2, 2, "valid", (2, 0, 0)),
        (4, 3, 1, "same", (4, 1, 1)),
        (4, 2, 1, "same", (4, 0, 1)),
        (4, 3, 2, "same", (2, 0, 1)),
        (5, 3, 2, "same", (3, 1, 1)),
        (5, 2, 3, "same", (2, 0, 0)),
        (1, 64, 1, "same", (1, 31, 32)),
        (4, 3, 2, 1, (2, 1, 1)),
        (4, 3, 1, 2, (6, 2, 2)),
    ],
)
def test_padding_worked_by_hand(side, kernel, stride, padding, expected):
    assert padded_side(side, kernel, stride, padding) == expected


def test_a_kernel_that_does_not_fit_is_refused_with_the_arithmetic():
    assert refusal(
        {"conv": 4}, {"maxpool": 2}, {"conv": {"filters": 4, "name": "third", "kernel": 4}},
        "flatten", {"dense": "classes"}, shape=(1, 8, 8),
    ) == "third: kernel 4 does not fit the 3 x 3 it is given by maxpool1"  # fmt: skip


def test_the_padding_is_part_of_the_arithmetic():
    assert refusal({"conv": {"filters": 4, "kernel": 9, "padding": 2}}, shape=(1, 4, 28)) == (
        "conv1: kernel 9 does not fit the 4 x 28 it is given by the data padded by 2"
    )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"dense": 3}], "dense1: it takes numbers in a row, and the data gives 1 x 28 x 28"),
        (["flatten", {"conv": 3}], "conv1: it works on pictures, and flatten1 gives 784 numbers"),
        (["flatten", "globalpool"], "globalpool1: it works on pictures"),
        (["flatten", "spatial_dropout"], "spatial_dropout1: it works on pictures"),
        ([{"conv": {"filters": 6, "groups": 4}}], "groups 4 must divide both its 1 channels"),
        ([{"conv": 6}, {"groupnorm": 4}], "groupnorm1: groups 4 must divide the 6 channels from"),
        ([{"conv": 10}], "the network ends with 10 x 26 x 26 from conv1; it must end with one"),
        (["flatten", {"dense": 9}], "the network ends with 9 from dense1"),
        ([{"residual": [{"conv": 4}]}], ("residual1: its branch gives 4 x 26 x 26 and its shortcut "
         "1 x 28 x 28, which cannot be added")),
        ([{"residual": [{"conv": {"filters": 2, "kernel": 29}}]}],
         "residual1.conv1: kernel 29 does not fit the 28 x 28 it is given by the block's input"),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_work_is_refused_by_name(entries, words):
    assert words in refusal(*entries)


def test_a_network_without_weights_is_refused():
    with pytest.raises(ToileError, match="no weights to train"):
        plan_of("globalpool", shape=(3, 8, 8), classes=3)


def test_too_many_parameters_are_refused_before_any_memory_is_taken():
    said = refusal("flatten", {"dense": 65_536}, {"dense": 65_536}, {"dense": "classes"})
    assert said.startswith("the network has 4,347,")
    assert "4,295,032,832 of them in dense2; at most 200,000,000 are allowed" in said


def test_too_many_numbers_in_one_layer_are_refused():
    assert refusal({"conv": {"filters": 4096, "kernel": 1}}, shape=(1, 256, 256)) == (
        "conv1: it gives 4096 x 256 x 256, 268,435,456 numbers for one image; "
        "at most 50,000,000 are allowed"
    )


def test_too_many_multiply_adds_are_refused():
    conv = {"conv": {"filters": 760, "padding": "same"}}
    said = refusal(*[conv] * 5, "globalpool", {"dense": "classes"}, shape=(1, 256, 256))
    assert "multiply-adds for one image, 340,6" in said


def test_a_thousand_layers_are_planned():
    plan = plan_of("flatten", *[{"dense": 10}] * 998, {"dense": "classes"})
    assert [layer.name for layer in plan.layers[-2:]] == ["dense998", "dense999"]
