"""Lists of layers: names, and how many and how deep."""

from typing import Any

import pytest

from toile.errors import ToileError
from toile.recipe import recipe_of
from toile.recipe.layers.layer import layer_names
from toile.recipe.layers.network import (
    MAX_DEPTH,
    MAX_LAYERS,
    Residual,
    depth,
    num_layers,
    read_layers,
)
from toile.recipe.layers.pooling import MaxPool
from toile.recipe.layers.weighted import Conv


def names(*entries: Any) -> list[str]:
    return layer_names(read_layers(list(entries), "network"))


def test_layers_are_named_by_kind_and_count_or_by_themselves():
    assert names("relu", {"dropout": 0.1}, "relu", {"relu": {"name": "last"}}, "relu") == [
        "relu1", "dropout1", "relu2", "last", "relu4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "entries",
    [
        [{"relu": {"name": "a"}}, {"elu": {"name": "a"}}],
        [{"relu": {"name": "conv1"}}, {"conv": 3}],
        [{"relu": {"name": "relu2"}}, "relu"],
        [{"relu": {"name": "shortcut"}}],
    ],
)
def test_two_layers_of_one_name_are_refused(entries):
    with pytest.raises(ToileError, match=r"^network\.\w+: this name is taken"):
        names(*entries)


@pytest.mark.parametrize("name", ["", "2nd", "a.b", "a b", "a\n", "é", "_x", 5, ["a"], "a" * 61])
def test_a_name_that_cannot_stand_in_an_address_is_refused(name):
    with pytest.raises(ToileError, match=r"name is .*; it is a text of at most 60 characters"):
        names({"relu": {"name": name}})


def test_a_bare_value_fills_the_first_field():
    layers = read_layers([{"conv": 8}, {"maxpool": 3}, {"residual": ["relu"]}], "network")
    assert layers[0] == Conv(filters=8)
    assert layers[1] == MaxPool(size=3)
    assert layers[2] == Residual(layers=["relu"])


def test_a_kind_with_nothing_after_its_colon_has_its_defaults():
    assert read_layers([{"maxpool": None}], "network") == (MaxPool(),)


def test_layers_may_be_given_as_models_too():
    recipe = recipe_of({"network": (Conv(filters=3), "flatten", {"dense": "classes"})})
    assert recipe.network[0] == Conv(filters=3)


def test_as_many_layers_as_allowed_are_read_and_one_more_is_not():
    assert len(names(*["relu"] * MAX_LAYERS)) == MAX_LAYERS
    with pytest.raises(ToileError, match="network has 1001 layers; at most 1000 are allowed"):
        names(*["relu"] * (MAX_LAYERS + 1))


def test_layers_inside_blocks_count():
    with pytest.raises(ToileError, match="network has 1010 layers, those inside blocks included"):
        names(*[{"residual": ["relu"] * 100}] * 10)
    assert num_layers(read_layers([{"residual": ["relu"] * 9}] * 100, "network")) == 1000


def nested(times: int) -> Any:
    entry: Any = "relu"
    for _ in range(times):
        entry = {"residual": [entry]}
    return entry


def test_blocks_stand_eight_deep_and_no_deeper():
    assert depth(read_layers([nested(MAX_DEPTH)], "network")) == 8
    with pytest.raises(ToileError, match="residual blocks may stand 8 deep"):
        names(nested(MAX_DEPTH + 1))
    with pytest.raises(ToileError, match="residual blocks may stand 8 deep"):
        names({"residual": {"layers": ["relu"], "shortcut": [nested(MAX_DEPTH)]}})


def test_blocks_a_hundred_thousand_deep_are_refused_all_the_same():
    with pytest.raises(ToileError, match="nested too deeply"):
        recipe_of({"network": [nested(100_000)]})
