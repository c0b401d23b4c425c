"""Runs of other shapes than those whose weights they begin with, and runs of no epochs."""

import numpy as np
import pytest

import toile
from toile.errors import ToileError
from toile.recipe import recipe_of, with_settings
from toile.runs import judge_validation, open_run, read_state

CUT = [{"layer": "conv1", "channels": [1]}]


@pytest.fixture
def parent(small, tmp_path):
    return toile.begin(small(), out=tmp_path / "parent").finish()


def cut_recipe(parent, epochs, filters=1, **start):
    document = parent.recipe.model_dump(mode="json")
    document["network"][0]["conv"]["filters"] = filters
    document["training"] |= {
        "epochs": epochs,
        "start": {"run": str(parent.folder), "cut": CUT} | start,
    }
    return recipe_of(document)


def test_a_run_of_no_epochs_is_scored_with_the_weights_it_begins_with(parent, tmp_path):
    recipe = with_settings(
        parent.recipe, {"training.epochs": 0, "training.start.run": str(parent.folder)}
    )
    run = toile.begin(recipe, out=tmp_path / "scored").finish()
    assert read_state(run.folder).status == "finished"
    assert np.array_equal(run.validation.logits, parent.validation.logits)
    assert run.results.epochs == 0
    assert run.results.score == parent.results.score
    assert run.results.best.epoch == 0
    assert judge_validation(run.recipe, run.validation).accuracy.n == 10
    assert run.classifier("best").module.conv1.weight.shape[0] == 2


def test_a_cut_run_has_the_weights_that_are_left_and_goes_on_from_there(parent, tmp_path):
    run = toile.begin(cut_recipe(parent, 0), out=tmp_path / "cut").finish()
    mine, theirs = run.classifier().module, parent.classifier().module
    assert mine.conv1.weight.tolist() == theirs.conv1.weight[:1].tolist()
    assert run.recipe.training.start.copied == ("conv1", "dense1")
    assert run.plan.parameters < parent.plan.parameters
    longer = toile.go_on(run, epochs=1).finish()
    straight = toile.begin(cut_recipe(parent, 1), out=tmp_path / "straight").finish()
    assert np.array_equal(longer.validation.logits, straight.validation.logits)
    assert read_state(longer.folder).epoch == 1
    assert open_run(longer.folder).results.epochs == 1


def test_a_cut_that_does_not_fit_the_network_is_refused(parent, tmp_path):
    with pytest.raises(ToileError, match="leaves another network of parent"):
        toile.begin(cut_recipe(parent, 1, filters=2), out=tmp_path / "cut")
    once = toile.begin(cut_recipe(parent, 0), out=tmp_path / "once").finish()
    with pytest.raises(ToileError, match="conv1 has no channel 1; it has 1"):
        toile.begin(cut_recipe(once, 0), out=tmp_path / "twice")


def test_a_run_of_no_epochs_that_begins_with_random_weights_is_refused(small):
    with pytest.raises(ToileError, match="is 0, which trains nothing"):
        toile.begin(with_settings(small(), {"training.epochs": 0}))
