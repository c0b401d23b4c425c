"""What was called otherwise is found wherever an address may stand, and nothing else is touched."""

import copy

import pytest

from toile.migrations.moves import addressed_in, move, move_addressed, recipes_in, rename_keys

RECIPE = {
    "network": [
        {"conv": {"filters": 8}},
        {"residual": {"layers": [{"conv": {"filters": 4, "kernel": 1}}, "relu"]}},
        {"dense": "classes"},
    ],
    "training": {"average": 0.9, "optimizer": "sgd", "early_stopping": {"score": "loss"}},
}


@pytest.mark.parametrize(
    ("old", "new", "address", "value"),
    [
        ("training.average", "training.ema", ("training", "ema"), 0.9),
        ("training.average", "weights.average", ("weights", "average"), 0.9),
        ("training.optimizer.sgd", "training.optimizer.momentum",
         ("training", "optimizer"), "momentum"),
        ("training.early_stopping", "training.stop", ("training", "stop"), {"score": "loss"}),
        ("training.early_stopping.score.loss", "training.early_stopping.score.cost",
         ("training", "early_stopping", "score"), "cost"),
    ],
)  # fmt: skip
def test_a_setting_moves_with_its_value(old, new, address, value):
    recipe = copy.deepcopy(RECIPE)
    move(recipe, old, new)
    found = recipe
    for step in address:
        found = found[step]
    assert found == value
    move(recipe, new, old)
    assert recipe.pop("weights", {}) == {}
    assert recipe == RECIPE


def test_a_kind_with_fields_moves_as_its_bare_name_does():
    recipe = {"optimizer": {"sgd": {"learning_rate": 0.1}}}
    move(recipe, "optimizer.sgd", "optimizer.momentum")
    assert recipe == {"optimizer": {"momentum": {"learning_rate": 0.1}}}


def test_a_field_of_a_kind_of_layer_moves_in_every_layer_and_in_blocks():
    recipe = copy.deepcopy(RECIPE)
    move(recipe, "network.conv.filters", "network.conv.channels")
    assert recipe["network"][0] == {"conv": {"channels": 8}}
    inner = recipe["network"][1]["residual"]["layers"][0]
    assert inner == {"conv": {"channels": 4, "kernel": 1}}


def test_what_has_the_new_name_already_is_left_to_be_refused():
    both = {"training": {"average": 0.9, "ema": 0.8}}
    move(both, "training.average", "training.ema")
    assert both == {"training": {"average": 0.9, "ema": 0.8}}


def test_a_star_is_every_entry_of_a_list():
    record = {"levels": [{"mean": 1}, {"mean": 2}, {}]}
    move(record, "levels.*.mean", "levels.*.average")
    assert record == {"levels": [{"average": 1}, {"average": 2}, {}]}


@pytest.mark.parametrize(
    ("settings", "by_name", "moved"),
    [
        ({"seed": 1, "training.average": 0.9, "x": 2}, False,
         [("seed", 1), ("training.ema", 0.9), ("x", 2)]),
        ({"training": {"average": 0.9}}, False, [("training", {"ema": 0.9})]),
        ({"training.average": {"off": "off"}}, True, [("training.ema", {"off": "off"})]),
        ({"training": {"a": {"average": 0.9}, "average": "x"}}, True,
         [("training", {"a": {"ema": 0.9}, "average": "x"})]),
        ({"training": [{"average": 0.9}]}, True, [("training", [{"ema": 0.9}])]),
        ({"training.averages": 1}, False, [("training.averages", 1)]),
        ({"training.average": "0.1..0.9"}, True, [("training.ema", "0.1..0.9")]),
    ],
)  # fmt: skip
def test_an_address_moves_where_it_is_a_key_or_within_a_group(settings, by_name, moved):
    move_addressed(settings, "training.average", "training.ema", by_name)
    assert list(settings.items()) == moved


def test_an_address_below_the_one_that_moves_goes_with_it():
    settings = {"training.early_stopping.patience": 3}
    move_addressed(settings, "training.early_stopping", "training.stop", by_name=False)
    assert settings == {"training.stop.patience": 3}


def test_a_kind_that_is_varied_by_its_name_moves():
    varied = {"training.optimizer": {"sgd": "sgd", "with": {"sgd": 0.1}, "adam": "adam"}}
    move_addressed(varied, "training.optimizer.sgd", "training.optimizer.momentum", by_name=True)
    assert varied == {
        "training.optimizer": {"sgd": "momentum", "with": {"momentum": 0.1}, "adam": "adam"}
    }


def test_a_layers_field_moves_by_whatever_name_the_layer_has():
    settings = {"network.stem.filters": 8, "network.residual1.conv1.filters": 4, "network.f": 1}
    move_addressed(settings, "network.conv.filters", "network.conv.channels", by_name=False)
    assert list(settings) == [
        "network.stem.channels",
        "network.residual1.conv1.channels",
        "network.f",
    ]


SHEET = {
    "recipe": RECIPE,
    "set": {"a": 1},
    "exercises": [
        {"study": {"vary": {"b": {}}, "levels": {"set": {"recipe": RECIPE, "set": {"c": 1}}}}},
        {"search": {"over": {"d": "1..2"}}, "quick": {"set": {"e": 1}}},
    ],
    "quick": {"set": {"f": 1}},
}


def test_recipes_and_addresses_are_found_wherever_a_sheet_may_have_them():
    assert list(recipes_in(SHEET)) == [RECIPE, RECIPE]
    assert [("".join(one), by_name) for one, by_name in addressed_in(SHEET)] == [
        ("a", False), ("b", True), ("c", False), ("d", True), ("e", False), ("f", False),
    ]  # fmt: skip
    assert [one for one, _ in addressed_in({"asked": [{"a": 1}, {"a": 2}]})] == [{"a": 1}, {"a": 2}]


def test_a_beginning_of_names_moves_for_all_that_begin_so():
    arrays = {"average/w": 1, "average": 2, "network/w": 3}
    rename_keys(arrays, "average/", "ema/")
    assert arrays == {"ema/w": 1, "average": 2, "network/w": 3}
