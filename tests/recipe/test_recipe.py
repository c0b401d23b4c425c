"""A recipe: changed by short names and addresses, and its hash, which is of what decides a run."""

from pathlib import Path

import numpy as np
import pytest

from toile.errors import ToileError
from toile.recipe import Recipe, recipe_of, settings_table, with_settings

SETTINGS = {
    "network": [
        {"conv": {"filters": 8}},
        {"dropout": 0.5},
        "flatten",
        {"dense": "classes"},
    ],
    "training": {
        "early_stopping": {},
        "start": {"run": "a"},
        "extended": [{"step": 1, "epochs": 1}],
    },
}
BASE = recipe_of(SETTINGS)

OTHERWISE = {
    "data.name": "mnist",
    "data.validation": 5001,
    "data.split": 1,
    "data.folds": 5,
    "data.fold": 1,
    "data.test": 0.3,
    "data.rule": 1,
    "data.size_px": 28,
    "data.colour": "grey",
    "data.label_column": "first",
    "data.orientation": "transposed",
    "data.corrections": "fixes.csv",
    "data.white": 16.0,
    "data.scaling": "standard",
    "augmentation.shift": 1,
    "augmentation.flip": "random",
    "augmentation.rotate": 1,
    "augmentation.shear": 1,
    "augmentation.zoom": 0.1,
    "augmentation.brightness": 0.1,
    "augmentation.noise": 0.1,
    "augmentation.erase": 1,
    "training.optimizer": "sgd",
    "training.optimizer.learning_rate": 0.002,
    "training.optimizer.beta1": 0.8,
    "training.optimizer.beta2": 0.99,
    "training.optimizer.epsilon": 1e-7,
    "training.optimizer.weight_decay": 0.1,
    "training.schedule": "linear",
    "training.schedule.warmup": 0.1,
    "training.batch_size": 64,
    "training.epochs": 6,
    "training.label_smoothing": 0.1,
    "training.clip_norm": 1.0,
    "training.early_stopping": "off",
    "training.early_stopping.patience": 4,
    "training.early_stopping.score": "loss",
    "training.early_stopping.least_change": 0.1,
    "training.ema": 0.99,
    "training.start": "off",
    "training.start.run": "b",
    "training.start.file": "model.h5",
    "training.start.selected": True,
    "training.start.weights": "best",
    "training.start.sha256": "0" * 64,
    "training.start.up_to": "conv1",
    "training.start.freeze_up_to": "conv1",
    "training.start.allow_seen": True,
    "training.start.seen_validation": 3,
    "training.start.seen_test": 2,
    "training.start.unknown": ["other"],
    "training.start.copied": ["conv1"],
    "training.start.frozen": ["conv1"],
    "training.start.cut": [{"layer": "conv1", "channels": [1]}],
    "training.start.silent": [{"layer": "relu1", "channels": [1]}],
    "training.extended": [{"step": 2, "epochs": 1}],
    "training.precision": "float32",
    "training.threads": 1,
    "training.shards": 1,
    "training.engine": "plain",
    "training.device": "cpu",
    "seed": 1,
    "network.conv1.name": "stem",
    "network.conv1.filters": 9,
    "network.conv1.kernel": 5,
    "network.conv1.stride": 2,
    "network.conv1.padding": "same",
    "network.conv1.groups": 2,
    "network.conv1.init": "zeros",
    "network.conv1.bias": False,
    "network.dropout1": "off",
    "network.dense1.units": 10,
}


def test_every_decisive_setting_but_the_other_kinds_is_flipped_here():
    kinds = ("network.", "training.optimizer.", "training.schedule.")
    groups = ("about", "data", "augmentation", "training", "network", "name")
    decisive = {
        row.address
        for row in settings_table()
        if row.address not in groups and not row.address.startswith(("about.", *kinds))
    }
    conv = {row.address for row in settings_table() if row.address.startswith("network.conv1.")}
    inside = {"training.extended.step", "training.extended.epochs"}  # of a list's entries
    inside |= {
        f"training.start.{setting}.{field}"
        for setting in ("cut", "silent")
        for field in ("layer", "channels")
    }
    assert (decisive | conv) - inside - {"training.census", "training.keep"} <= set(OTHERWISE)


@pytest.mark.parametrize("address", OTHERWISE)
def test_every_decisive_setting_changes_the_hash(address: str):
    assert with_settings(BASE, {address: OTHERWISE[address]}).hash != BASE.hash


def test_the_hashes_of_all_these_differ_from_one_another():
    hashes = {with_settings(BASE, {address: value}).hash for address, value in OTHERWISE.items()}
    assert len(hashes) == len(OTHERWISE)


def test_name_and_about_change_nothing():
    about = dict.fromkeys(("title", "source", "unchanged", "changes", "result"), "other")
    assert with_settings(BASE, {"name": "other", "about": about}).hash == BASE.hash


@pytest.mark.parametrize("asked", [{"training.census": True}, {"training.keep": "epochs"}])
def test_counting_units_or_keeping_weights_after_each_epoch_changes_no_run(asked):
    assert with_settings(BASE, asked).hash == BASE.hash


def test_the_order_of_keys_and_the_way_of_writing_change_nothing():
    written = recipe_of(
        {
            "training": {
                "extended": [{"epochs": 1, "step": 1}],
                "start": {"run": "a"},
                "early_stopping": {"patience": 3},
                "epochs": 5,
            },
            "network": [
                {"conv": {"kernel": 3, "filters": 8}},
                "dropout",
                {"flatten": {}},
                {"dense": {"units": "classes", "bias": True}},
            ],
        }
    )
    assert written.hash == BASE.hash


def test_a_recipe_is_changed_by_short_names_and_by_addresses():
    recipe = Recipe.preset("quick").replace(
        {"training.batch_size": 64},
        data=Path("mine"),
        epochs=5,
        seed=3,
        name="other",
        **{"network.conv1.filters": 16},
    )
    assert (recipe.data.name, recipe.training.epochs, recipe.seed) == ("mine", 5, 3)
    assert (recipe.training.batch_size, recipe.network[0].filters) == (64, 16)
    assert recipe.name == "other"
    assert recipe.replace(data={"validation": 0.1}).data.validation == 0.1


def test_numbers_and_lists_of_numpy_are_settings_as_those_of_python_are():
    recipe = Recipe.preset("quick").replace(
        {"training.batch_size": np.int64(64), "training.optimizer.learning_rate": np.float64(0.5)},
        epochs=np.uint8(5),
        seed=np.int32(3),
    )
    assert recipe == Recipe.preset("quick").replace(
        {"training.batch_size": 64, "training.optimizer.learning_rate": 0.5}, epochs=5, seed=3
    )
    with pytest.raises(ToileError, match=r"training.batch_size is 3.0; it is a whole number"):
        recipe.replace({"training.batch_size": np.float64(3)})


def test_a_recipe_made_in_python_is_refused_in_our_words():
    with pytest.raises(ToileError, match="seed is -1; it goes from 0"):
        Recipe(network=["flatten", {"dense": "classes"}], seed=-1)


def test_a_preset_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(
        ToileError, match=r"'quik' is no preset; presets: .*; did you mean quick\?$"
    ):
        Recipe.preset("quik")
