"""A run's model card: what it says, and that it keeps quiet about this machine."""

import re
import shutil
from dataclasses import replace

import pytest
import yaml

import toile
from toile.errors import ToileError
from toile.recipe import read_recipe, recipe_of
from toile.report import model_card
from toile.runs import Run

RECIPE = {
    "name": "small",
    "data": {"size_px": 8, "validation": 120, "scaling": "standard"},
    "network": [{"conv": {"filters": 4, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}],
    "training": {"optimizer": {"adam": 0.01}, "batch_size": 32, "epochs": 2, "threads": 1},
}


@pytest.fixture(scope="module")
def run(few_garments, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("cards")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_RUNS", str(folder))
        run = toile.train(recipe_of(RECIPE), data=few_garments, out=folder / "run")
        yield run


@pytest.fixture(scope="module")
def card(run) -> str:
    return model_card(run)


def test_its_head_is_yaml_that_hubs_read(card):
    _, head, _ = card.split("---\n", 2)
    fields = yaml.safe_load(head)
    assert fields["pipeline_tag"] == "image-classification"
    assert fields["datasets"] == ["garments.npz"]


def test_its_scores_are_those_of_the_run(run, card):
    score = run.score
    assert f"Accuracy {100 * score.value:.2f} % ({100 * score.low:.1f} to" in card
    assert f"n = {score.n}." in card
    recalls = toile.evaluate(run).judgement.per_class
    worst = min(recalls, key=lambda scores: scores.recall.value).recall
    assert f"{100 * worst.value:.2f} % ({100 * worst.low:.1f} to {100 * worst.high:.1f})" in card
    assert "It was never opened" in card
    assert "480 training images; 120 held out for validation; 100 sealed" in card


def test_what_was_not_measured_is_said_with_the_command(run, card):
    assert f"`toile baselines {run.id}`" in card
    assert f"`toile evaluate {run.id} --robustness`" in card


def test_it_says_nothing_of_this_machines_folders(run, card, few_garments):
    assert str(few_garments.parent) not in card
    assert str(run.folder.parent) not in card


def test_its_recipe_can_be_trained(card, tmp_path):
    text = re.search("```yaml\n(.*?)```", card, re.DOTALL)[1]
    (tmp_path / "recipe.yaml").write_text(text)
    assert read_recipe(tmp_path / "recipe.yaml").training.epochs == 2


def test_what_was_measured_later_stands_in_it(run):
    baselines = toile.baselines(run)
    robustness = toile.evaluate_robustness(run, attacks=False)
    robustness.save()
    card = model_card(run)
    assert "not measured" not in card
    assert f"{100 * baselines.best.accuracy.value:.2f} %" in card
    assert robustness.sentence.split(",")[0].split(":")[0][:20] in card


def test_robustness_of_earlier_weights_is_not_quoted(run, tmp_path):
    measured = toile.evaluate_robustness(run, attacks=False)
    measured.save()
    folder = shutil.copytree(run.folder, tmp_path / "later")
    before = (folder / "robustness.json").read_bytes()
    resumed = toile.resume(folder, epochs=3)
    assert not (folder / "robustness.json").exists()
    (folder / "robustness.json").write_bytes(before)
    assert resumed.robustness is None
    assert (
        "measured of an earlier state; measure again: `toile evaluate later --robustness`"
        in model_card(resumed)
    )
    with pytest.raises(ToileError, match="no longer those that were measured"):
        replace(measured, run=resumed).save()


def test_a_look_is_counted_in_it(run):
    toile.evaluate(run, open_test=True, why="for | the *card*")
    card = model_card(run)
    assert "Opened 1 time as of this card, 1 of them for this network" in card
    assert r"for \| the \*card\*" in card


def test_a_run_that_has_not_ended_has_none(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "begun")
    (folder / "results.json").unlink()
    with pytest.raises(ToileError, match="has not ended"):
        toile.write_card(Run(folder))
