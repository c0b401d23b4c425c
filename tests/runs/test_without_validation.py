"""Runs that hold no images out: all are trained on, nothing is scored, and each door says so."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import toile
from tests.command_line import call
from tests.runs.test_evaluation import RECIPE, write_bars
from toile.errors import ToileError
from toile.recipe import recipe_of
from toile.runs import Run, load_arrays, read_state
from toile.training import Stepped

NONE = {"data.validation": 0}


@pytest.fixture(scope="module")
def bars(tmp_path_factory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.npz")


@pytest.fixture(scope="module")
def unscored(bars, tmp_path_factory) -> Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return toile.train(recipe_of(RECIPE), data=bars, out=out, settings=NONE)


def test_all_images_are_trained_on_and_no_score_is_claimed(unscored):
    facts, results = unscored.data, unscored.results
    assert (facts.train, facts.validation, facts.copies) == (96, 0, 0)
    assert "nothing is scored" in facts.notes[0]
    score = unscored.score
    assert math.isnan(score.value)
    assert (score.low, score.high, score.n) == (0.0, 1.0, 0)
    assert results.to_json()["score"]["accuracy"]["value"] is None
    assert results.validation.loss is None
    assert read_state(unscored.folder).accuracy is None
    history = unscored.history
    assert np.isnan(history.validation_accuracy).all()
    assert (history.training_loss > 0).all()
    assert not any(epoch["best"] for epoch in history.epochs)


def test_the_best_weights_are_the_last(unscored):
    last, best = (load_arrays(unscored.folder / f"{name}.safetensors") for name in ("last", "best"))
    assert last.sha256 == best.sha256
    assert unscored.results.best.epoch == 2
    pictures = np.zeros((2, 8, 8), np.uint8)
    logits = [unscored.classifier(name).logits(pictures) for name in ("last", "best")]
    assert np.array_equal(*logits)


def test_what_needs_validation_images_is_refused_in_words(unscored):
    for ask in (
        lambda: unscored.predictions,
        lambda: toile.evaluate(unscored),
        lambda: toile.compare({"one": [unscored]}),
    ):
        with pytest.raises(ToileError, match=r"without validation images \(data.validation is 0\)"):
            ask()


@pytest.mark.parametrize("verb", ["study", "search"])
def test_studies_and_searches_refuse_such_a_recipe(verb, bars):
    over = {"study": "vary", "search": "over"}[verb]
    with pytest.raises(ToileError, match=r"data.validation is 0, and scores of validation images"):
        getattr(toile, verb)(
            recipe_of(RECIPE), data=bars, settings=NONE, **{over: {"training.batch_size": [8, 16]}}
        )


def test_folds_hold_images_out_whatever_validation_says(bars):
    study = toile.study(
        recipe_of(RECIPE), data=bars, settings=NONE, folds=3, readings=2,
        vary={"training.batch_size": [8, 16]},
    )  # fmt: skip
    assert len(study.missing()) == 4


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"training.early_stopping.patience": 2}, "waits for scores of validation images"),
        ({"training.epochs": 0}, "no image to score"),
    ],
)
def test_a_training_that_asks_for_scores_is_refused(settings, rule, unscored, bars, tmp_path):
    start = unscored.folder if "training.epochs" in settings else None
    with pytest.raises(ToileError, match=rule):
        toile.begin(
            recipe_of(RECIPE), data=bars, start=start, settings={**NONE, **settings},
            out=tmp_path / "run",
        )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_the_test_part_can_still_be_opened(bars, tmp_path):
    run = toile.train(recipe_of(RECIPE), data=bars, out=tmp_path / "run", settings=NONE, epochs=1)
    judged = toile.evaluate(run, open_test=True, why="the end")
    assert judged.judgement.accuracy.n == 30
    assert judged.judgement.calibration.temperature.value == 1
    assert judged.to_json()["calibration"]["temperature"]["n"] == 0


def test_it_stops_and_goes_on_to_the_same_bits(unscored, bars, tmp_path):
    live = toile.begin(recipe_of(RECIPE), data=bars, out=tmp_path / "run", settings=NONE)
    for _, _ in zip(live, range(9), strict=False):
        pass
    run = toile.resume(live.run)
    names = ("last", "best")
    first, second = (
        [load_arrays(each.folder / f"{name}.safetensors").sha256 for name in names]
        for each in (run, unscored)
    )
    assert first == second


def test_weights_that_are_no_longer_finite_are_noticed_without_scores(bars, tmp_path):
    settings = {**NONE, "training.epochs": 1, "training.batch_size": 96}
    live = toile.begin(recipe_of(RECIPE), data=bars, out=tmp_path / "run", settings=settings)
    for event in live:
        if isinstance(event, Stepped):
            with torch.no_grad():
                live.fit.network.conv1.weight.fill_(math.nan)
    assert live.run.status == "diverged"


def test_its_page_and_listing_say_that_it_is_not_scored(unscored):
    page = toile.write_report(unscored).read_text()
    assert "Not scored: all images were trained on" in page
    assert "no images are held out" in page
    assert "nan" not in re.sub("<[^>]*>", " ", page).lower().split()
    said = call("show", unscored.folder, "--curve").output
    assert "not scored: no images" in said
    assert "no curve: no images are held out" in said
    assert "reached" not in said


def test_an_export_is_proven_on_the_images_it_was_trained_on(unscored, tmp_path):
    said = call("export", unscored.folder, tmp_path / "network.safetensors")
    assert "of 96 training images" in said.output
