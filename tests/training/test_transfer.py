import numpy as np
import pytest
import torch

from toile.errors import ToileError
from toile.network import build_network
from toile.recipe import Start, plan_network, recipe_of
from toile.training import fill_start, train
from toile.training.fit import arrays_of

START = Start(run="older")


def plan_of(classes=3, filters=4):
    layers = [
        {"conv": {"filters": filters, "padding": "same"}},
        "batchnorm",
        "relu",
        "flatten",
        {"dense": 6},
        {"dense": "classes"},
    ]
    return plan_network(recipe_of({"network": layers}).network, (1, 8, 8), classes)


def weights_of(plan, seed=5):
    return arrays_of(build_network(plan, seed).state_dict())


def test_all_layers_that_fit_are_taken_by_default_and_a_head_for_other_classes_is_new():
    filled = fill_start(START, plan_of(classes=5), weights_of(plan_of(classes=3)))
    assert filled.copied == ("conv1", "batchnorm1", "dense1")
    assert filled.frozen == ()


def test_layers_are_taken_up_to_the_one_named():
    filled = fill_start(
        START.model_copy(update={"up_to": "relu1"}), plan_of(), weights_of(plan_of())
    )
    assert filled.copied == ("conv1", "batchnorm1")


def test_a_layer_asked_for_that_does_not_fit_is_refused_with_both_shapes():
    start = START.model_copy(update={"up_to": "conv1"})
    with pytest.raises(ToileError, match=r"conv1 does not fit: .*\(4, 1, 3, 3\).*\(8, 1, 3, 3\)"):
        fill_start(start, plan_of(), weights_of(plan_of(filters=8)))


def test_a_network_with_nothing_in_common_is_refused():
    other = {"somewhere.weight": np.zeros((2, 2), np.float32)}
    with pytest.raises(ToileError, match=r"none of its layers fits.*that one somewhere; call"):
        fill_start(START, plan_of(), other)


def test_a_layer_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(ToileError, match="did you mean conv1"):
        fill_start(START.model_copy(update={"up_to": "conv"}), plan_of(), weights_of(plan_of()))


def test_freezing_everything_is_refused():
    start = START.model_copy(update={"freeze_up_to": "dense2"})
    with pytest.raises(ToileError, match="leaves nothing to train"):
        fill_start(start, plan_of(), weights_of(plan_of()))


def test_frozen_layers_keep_weights_and_statistics_while_the_others_learn(make_fit):
    source = make_fit(seed=9)
    weights = source.scored_arrays()
    start = {"run": "older", "copied": ["conv1", "batchnorm1"], "frozen": ["conv1", "batchnorm1"]}
    fit = make_fit(weights, training__start=start)
    before = {name: value.clone() for name, value in fit.network.state_dict().items()}
    for _ in train(fit):
        pass
    after = fit.network.state_dict()
    for name in after:
        frozen = name.startswith(("conv1.", "batchnorm1."))
        assert torch.equal(after[name], before[name]) == frozen, name
    assert torch.equal(after["conv1.weight"], torch.from_numpy(weights["conv1.weight"]))


def test_freezing_layers_that_are_not_taken_is_refused():
    start = START.model_copy(update={"up_to": "conv1", "freeze_up_to": "batchnorm1"})
    with pytest.raises(ToileError, match="freezes batchnorm1 at random first weights; only conv1"):
        fill_start(start, plan_of(), weights_of(plan_of()))
