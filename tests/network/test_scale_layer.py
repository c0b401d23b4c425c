"""A factor and an offset: computed, exported, cut through, and out of sight where it is 0."""

from pathlib import Path

import numpy as np
import pytest
import torch

import toile
from toile.inspection import cut_channels
from toile.network import build_network, trained_network
from toile.recipe import Recipe, plan_network, recipe_of


def recipe(scale: dict[str, float]) -> Recipe:
    return recipe_of({"network": [{"scale": scale}, {"conv": 2}, "flatten", {"dense": "classes"}]})


def test_every_number_is_multiplied_and_then_added_to() -> None:
    plan = plan_network(recipe({"factor": 2, "offset": -1}).network, (1, 6, 6), 3)
    first = build_network(plan, 0)[0]
    np.testing.assert_array_equal(first(torch.tensor([0.0, 0.5, 1.0])), [-1, 0, 1])


def test_an_offset_of_0_leaves_the_hash_of_a_recipe_as_it_was() -> None:
    assert recipe({"factor": 2, "offset": 0}).hash == recipe({"factor": 2}).hash
    assert recipe({"factor": 2, "offset": 0.5}).hash != recipe({"factor": 2}).hash
    written = recipe({"factor": 2}).model_dump(mode="json")["network"][0]
    assert written == {"scale": {"factor": 2.0}}


def test_quick_has_the_hash_that_ledgers_hold_of_it() -> None:
    """Written down before the layer had an offset."""
    expected = "86fc42086cf1dccaf360e9812484cb2f92186bb72fe3111bc4ca5fb921d144c6"
    assert Recipe.preset("quick").hash == expected


def test_what_an_offset_makes_of_a_silent_channel_stays_when_it_is_cut() -> None:
    network = recipe_of(
        {
            "network": [
                {"conv": 3}, "relu", {"scale": {"factor": 2, "offset": 1}}, "flatten",
                {"dense": "classes"},
            ]
        }
    ).network  # fmt: skip
    plan = plan_network(network, (1, 6, 6), 3)
    weights = {key: value.numpy() for key, value in build_network(plan, 0).state_dict().items()}
    weights["conv1.weight"][1] = 0
    weights["conv1.bias"][1] = -1
    cut = cut_channels(plan, weights, {"conv1": [1]}, {"relu1": [1]})
    images = torch.rand(4, 1, 6, 6)
    smaller = plan_network(cut.layers, (1, 6, 6), 3)
    with torch.no_grad():
        before = trained_network(plan, weights)(images)
        after = trained_network(smaller, cut.weights)(images)
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize("to", ["onnx", "keras"])
def test_exports_have_the_offset(to: str, tmp_path: Path) -> None:
    network = [
        {"scale": {"factor": 2, "offset": -1}}, {"conv": 2}, {"scale": {"factor": 3, "offset": 2}},
        "flatten", {"dense": "classes"},
    ]  # fmt: skip
    run = toile.train(
        recipe_of({"network": network}), "fashion-sample", epochs=1, out=tmp_path / "run",
        settings={"data.validation": 5000},
    )  # fmt: skip
    exported = toile.export_run(run, to, tmp_path / {"onnx": "n.onnx", "keras": "n.h5"}[to])
    assert exported.parity.agreement == 1
    assert exported.parity.max_difference < 1e-3
