"""Addresses of settings, in `--set`, in factors and in links."""

from typing import Any

import pytest

from toile.errors import ToileError
from toile.recipe import (
    EarlyStopping,
    Recipe,
    layers,
    optimizers,
    parse_assignments,
    plan_network,
    recipe_of,
    schedules,
    value_at,
    with_settings,
)

BLOCK = {
    "layers": [{"conv": {"filters": 8, "stride": 2}}, "relu", {"residual": ["relu"]}],
    "shortcut": [{"conv": {"filters": 8, "kernel": 1, "stride": 2}}],
}
BASE = recipe_of(
    {
        "network": [
            {"conv": {"filters": 32, "kernel": 5, "name": "stem"}},
            {"maxpool": {"size": 3, "stride": 2}},
            {"dropout": 0.1},
            {"residual": BLOCK},
            {"dropout": 0.2},
            "flatten",
            {"dropout": 0.3},
            {"dense": "classes"},
        ],
        "training": {"optimizer": {"sgd": {"learning_rate": 0.1, "momentum": 0.9}}},
    }
)


def changed(**values: Any) -> Recipe:
    return with_settings(BASE, {name.replace("__", "."): value for name, value in values.items()})


def refusal(address: str, value: Any = 1) -> str:
    with pytest.raises(ToileError) as caught:
        with_settings(BASE, {address: value})
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("seed", 7),
        ("training.epochs", 3),
        ("data.validation", 0.1),
        ("augmentation.flip", "random"),
        ("network.stem.filters", 8),
        ("network.maxpool1.stride", 1),
        ("network.dropout2.rate", 0.5),
        ("network.residual1.conv1.filters", 16),
        ("network.residual1.layers.conv1.filters", 16),
        ("network.residual1.shortcut.conv1.stride", 1),
        ("network.residual1.residual1.relu1.name", "inner"),
        ("training.optimizer.learning_rate", 0.5),
        ("training.optimizer.sgd.momentum", 0.5),
        ("training.schedule.warmup", 0.1),
        ("training.clip_norm", 1.5),
    ],
)
def test_a_value_set_at_an_address_is_found_there_and_nowhere_else(address, value):
    recipe = with_settings(BASE, {address: value})
    renamed = "network.residual1.residual1.inner.name" if value == "inner" else address
    assert value_at(recipe, renamed) == value
    assert value_at(BASE, address) != value
    assert with_settings(recipe, {renamed: value_at(BASE, address)}) == BASE


def test_a_mapping_changes_some_fields_of_a_group():
    recipe = changed(training={"epochs": 2, "optimizer": {"momentum": 0.5}, "early_stopping": {}})
    assert recipe.training.epochs == 2
    assert recipe.training.batch_size == BASE.training.batch_size
    assert recipe.training.optimizer == optimizers.SGD(learning_rate=0.1, momentum=0.5)
    assert recipe.training.early_stopping == EarlyStopping()


def test_fields_without_the_kind_change_the_present_kind():
    assert changed(network__maxpool1={"size": 2}).network[1] == layers.MaxPool(size=2, stride=2)
    assert changed(training__optimizer=0.5).training.optimizer == optimizers.SGD(
        learning_rate=0.5, momentum=0.9
    )


def test_a_bare_value_fills_the_first_field_of_a_layer_and_keeps_the_others():
    assert changed(network__stem=64).network[0] == layers.Conv(filters=64, kernel=5, name="stem")
    assert changed(network__dense1=10).network[-1] == layers.Dense(units=10)
    assert changed(network__dense1="classes") == BASE


def test_another_kind_comes_with_its_own_defaults():
    assert changed(training__optimizer="adam").training.optimizer == optimizers.Adam()
    assert changed(training__optimizer={"adamw": 0.01}).training.optimizer == optimizers.AdamW(
        learning_rate=0.01
    )
    assert changed(training__schedule={"cosine": {"final": 0.1}}).training.schedule == (
        schedules.Cosine(final=0.1)
    )
    assert changed(network__maxpool1="avgpool").network[1] == layers.AvgPool()


def test_a_layer_of_another_kind_keeps_its_own_name():
    assert changed(network__stem={"dense": 3}).network[0] == layers.Dense(units=3, name="stem")


def test_off_removes_a_layer_and_renames_no_other_before_all_is_set():
    recipe = changed(network__dropout1="off", network__dropout3__rate=0.9, network__dropout2="off")
    kept = [layer for layer in recipe.network if isinstance(layer, layers.Dropout)]
    assert kept == [layers.Dropout(rate=0.9)]
    assert len(recipe.network) == len(BASE.network) - 2
    # Afterwards the one left is the first of its kind.
    assert value_at(recipe, "network.dropout1.rate") == 0.9


def test_off_removes_a_layer_inside_a_block_but_not_the_last():
    branch = changed(network__residual1__relu1="off").network[3].layers
    assert [layer.kind for layer in branch] == ["conv", "residual"]
    assert refusal("network.residual1.residual1.relu1", "off") == (
        "network.residual1.residual1 is empty; it is a list of layers"
    )


def test_a_group_that_is_off_is_turned_on_by_its_fields_and_off_again():
    on = changed(training__early_stopping__patience=2, training__early_stopping__score="loss")
    assert on.training.early_stopping == EarlyStopping(patience=2, score="loss")
    assert with_settings(on, {"training.early_stopping": "off"}) == BASE


def test_a_setting_of_a_group_that_is_off_has_no_value():
    assert value_at(BASE, "training.early_stopping.patience") is None
    assert value_at(BASE, "training.early_stopping") is None


def test_a_list_of_layers_can_be_replaced_whole():
    assert changed(network=["flatten", {"dense": "classes"}]).network == (
        layers.Flatten(),
        layers.Dense(units="classes"),
    )
    assert changed(network__residual1__shortcut=[]).network[3].shortcut == ()


def test_the_value_of_a_layer_or_a_group_is_its_document():
    assert value_at(BASE, "network.dropout2") == {"dropout": {"name": None, "rate": 0.2}}
    assert value_at(BASE, "data.size_px") is None
    assert value_at(BASE, "network.residual1.shortcut")[0]["conv"]["kernel"] == 1


def test_no_settings_give_the_same_recipe_and_the_same_hash():
    assert with_settings(BASE, {}) == BASE
    assert with_settings(BASE, {}).hash == BASE.hash


def test_the_addresses_are_the_plans_names():
    recipe = changed(
        network__residual1__residual1="off",
        network__residual1__conv1__padding="same",
        network__residual1__shortcut__conv1__padding="same",
    )
    plan = plan_network(recipe.network, (1, 28, 28), 10)
    for layer in plan.walk():
        assert layer.layer.kind in value_at(recipe, f"network.{layer.name}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("trainin.epochs", "there is no trainin; did you mean training?"),
        ("training.epoch", "training has no epoch; did you mean epochs?"),
        ("training.epochs.x", "training.epochs has no settings inside"),
        ("network.conv1.filters", "network has no conv1; known: stem, maxpool1, dropout1"),
        ("network.stem.filter", "network.stem has no filter; did you mean filters?"),
        ("network.residual1.cnv1.stride", "network.residual1 has no cnv1; did you mean conv1?"),
        ("network.residual1.x", "network.residual1 has no x; known: conv1, relu1, residual1, name"),
        ("network.residual1.shortcut.cnv1.stride",
         "network.residual1.shortcut has no cnv1; did you mean conv1?"),
        ("training.optimizer.adam.beta1",
         ("training.optimizer has no adam; it is sgd now; its kind is chosen first, as in "
         "--set training.optimizer=adam")),
        ("epochs", "there is no epochs; did you mean training.epochs?"),
        ("training.learning_rate",
         "training has no learning_rate; did you mean training.optimizer.learning_rate?"),
        ("training.early_stopping.patiens",
         "training.early_stopping has no patiens; did you mean patience?"),
        ("training.early_stopping.patience.x",
         "training.early_stopping.patience has no settings inside"),
        ("", "there is no ; known: name, about, data"),
        ("network..filters", "network has no ; known: stem"),
    ],
)  # fmt: skip
def test_an_unknown_address_is_answered_with_the_nearest(address, said):
    expected = f"{address} is not a setting: {said}"
    assert refusal(address).startswith(expected)
    with pytest.raises(ToileError) as caught:
        value_at(BASE, address)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("address", "value", "said"),
    [
        ("network.stem.filters", 0, "network.stem.filters is 0; it goes from 1 to 4096"),
        ("network.stem", 0, "network.stem.filters is 0; it goes from 1 to 4096"),
        ("network.stem", {"conv": 0}, "network.stem.filters is 0; it goes from 1 to 4096"),
        ("network.stem", "cnv", "network.stem is 'cnv', which is not known; known are "),
        ("network.stem", None, "network.stem.filters is empty; it is a whole number"),
        ("network.flatten1", 3, "network.flatten1 is 3; it takes no value of its own"),
        ("network.residual1.conv1.stride", 99,
         "network.residual1.conv1.stride is 99; it goes from 1 to 16"),
        ("network", "off", "network is 'off'; it is a list of layers"),
        ("training.epochs", "off", "training.epochs is 'off'; it is a whole number"),
        ("training.optimizer", "sdg", "training.optimizer is 'sdg', which is not known; known"),
        ("training.optimizer.momentum", 2, "training.optimizer.sgd.momentum is 2; it goes from 0"),
        ("training.schedule", 3, "training.schedule is 3; it takes no value of its own"),
        ("training.early_stopping", {"x": 1},
         "training.early_stopping.x is not a setting: training.early_stopping has no x; known: p"),
        ("training", {"epochs": {"x": 1}}, "training.epochs is {'x': 1}; it is a whole number"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_address_value_and_rule(address, value, said):
    assert refusal(address, value).startswith(said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training.epochs=3", ("training.epochs", 3)),
        (" training.epochs = 3 ", ("training.epochs", 3)),
        ("training.optimizer.learning_rate=1e-3", ("training.optimizer.learning_rate", 0.001)),
        ("network.dropout1=off", ("network.dropout1", "off")),
        ("about.title=a=b", ("about.title", "a=b")),
        ("training.optimizer={sgd: .5}", ("training.optimizer", {"sgd": 0.5})),
        ("data.name=", ("data.name", None)),
    ],
)  # fmt: skip
def test_an_assignment_is_an_address_and_a_yaml_value(text, expected):
    assert parse_assignments([text]) == dict([expected])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "training.epochs",
            "--set 'training.epochs': write address=value, as in training.epochs=3",
        ),
        ("=3", "--set '=3': write address=value"),
        ("seed=[1", "--set seed, line 1, column 3: while parsing a flow sequence"),
    ],
)
def test_what_is_no_assignment_is_refused(text, said):
    with pytest.raises(ToileError) as caught:
        parse_assignments([text])
    assert str(caught.value).startswith(said)
