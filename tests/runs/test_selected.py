"""Which validation images score what begins with weights that half of them chose."""

import os

import pytest

import toile
from toile.recipe import Start, with_settings
from toile.runs import is_selected
from toile.studies import study_of
from toile.studies.plan import plan_levels
from toile.studies.same_scores import unlike

STOPS = {"training.early_stopping.patience": 5}


@pytest.fixture(scope="module")
def stopping(small, tmp_path_factory):
    """A run whose epoch early stopping chose."""
    folder = tmp_path_factory.mktemp("stopping") / "run"
    return toile.begin(with_settings(small(2), STOPS), out=folder).finish()


@pytest.fixture(scope="module")
def plain(small, tmp_path_factory):
    """The same without early stopping."""
    return toile.begin(small(2), out=tmp_path_factory.mktemp("plain") / "run").finish()


NOTE = "half of the validation images chose the weights it begins with"


def begun_with(run, small, folder, **start):
    recipe = with_settings(small(0), {"training.start": {"run": str(run.folder)} | start})
    live = toile.begin(recipe, out=folder)
    run = live.finish()
    assert any(NOTE in note for note in live.notes) == run.recipe.training.start.selected
    return run


def test_weights_of_a_run_that_stopped_early_have_the_score_that_the_run_has(
    stopping, small, tmp_path
):
    run = begun_with(stopping, small, tmp_path / "run")
    assert run.recipe.training.start.selected
    assert run.score == stopping.score
    assert run.score.n == (run.validation.selection == 0).sum()


def test_the_best_weights_of_any_run_were_chosen_by_half_and_its_last_were_not(
    plain, small, tmp_path
):
    best = begun_with(plain, small, tmp_path / "best", weights="best")
    assert best.score.n == (best.validation.selection == 0).sum()
    last = begun_with(plain, small, tmp_path / "last")
    assert last.score == plain.score
    assert last.score.n == len(last.validation.labels)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        # A quarter of 40 pictures is the 10 that were held out, which nobody has counted yet.
        ({"data.validation": 0.25}, True),
        ({"data.size_px": 16, "seed": 7}, True),
        ({"data.validation": 12}, False),
        ({"data.split": 1}, False),
        ({"data.folds": 4}, False),
        ({"data.name": "fashion-sample"}, False),
    ],
)
def test_other_images_chose_nothing(stopping, changes, expected):
    data = with_settings(stopping.recipe, changes).data
    start = Start(run=str(stopping.folder))
    assert is_selected(start, data, stopping.recipe) is expected


def test_where_nothing_is_held_out_nothing_chose(plain):
    recipe = with_settings(plain.recipe, {"data.validation": 0})
    start = Start(run=str(plain.folder), weights="best")
    assert not is_selected(start, recipe.data, recipe)


def test_a_path_may_still_be_a_relative_one(stopping, monkeypatch):
    folder, name = os.path.split(stopping.recipe.data.name)
    monkeypatch.chdir(folder)
    data = with_settings(stopping.recipe, {"data.name": f"./{name}"}).data
    assert is_selected(Start(run=str(stopping.folder)), data, stopping.recipe)


def test_a_study_does_not_compare_them_with_weights_that_nothing_chose(stopping, small):
    def said(*settings):
        starts = {"off": "off", "from": {"run": str(stopping.folder)}}
        recipe = with_settings(small(1), dict(settings))
        study = study_of(
            {"recipe": recipe.model_dump(mode="json"), "vary": {"training.start": starts}}
        )
        return unlike({level.name: level.recipe for level in plan_levels(study)})

    assert "level from begins with weights that half of validation chose" in said()
    assert "training.early_stopping.patience=10000" in said()
    # All of them are scored on the same half then.
    assert said(("training.early_stopping.patience", 10_000)) == ""
