"""Simple classifiers, with answers worked by hand."""

import sys

import numpy as np
import pytest

from toile.errors import ToileError
from toile.evaluation import Baseline, fit_baselines
from toile.evaluation.baselines import NOT_CONVERGED

# Two classes of points on a line, of which the second is the commoner, and a stray of the first.
PIXELS = np.array([[0.0], [0.1], [0.2], [0.6], [0.7], [0.8], [0.9], [1.0]], np.float32)
LABELS = np.array([0, 0, 0, 1, 1, 0, 1, 1])
LABELS_COMMONER = np.array([0, 0, 1, 1, 1, 0, 1, 1])


def fitted(pixels=PIXELS, labels=LABELS, asked=PIXELS, **options) -> dict[str, Baseline]:
    return {one.name: one for one in fit_baselines(pixels, labels, asked, **options)}


def test_the_commonest_class_is_answered_for_every_image():
    answers = fitted(labels=LABELS_COMMONER)["commonest class"].predictions
    assert answers.tolist() == [1] * 8


def test_the_nearest_neighbour_answers_as_the_image_that_is_closest():
    asked = np.array([[0.05], [0.41], [0.79], [0.86], [2.0]], np.float32)
    answers = fitted(asked=asked)["one nearest neighbour"].predictions
    assert answers.tolist() == [0, 1, 0, 1, 1]


def test_regression_draws_one_line_and_a_forest_follows_the_stray():
    found = fitted()
    assert found["logistic regression"].predictions.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert found["random forest"].predictions[5] == 0
    assert found["logistic regression"].note == ""


def test_the_forest_is_that_of_its_seed():
    noise = np.random.default_rng(0).random((60, 9), dtype=np.float32)
    labels = np.arange(60) % 3
    forests = [
        fitted(noise[:40], labels[:40], noise[40:], seed=seed)["random forest"].predictions
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(forests[0], forests[1])
    assert not np.array_equal(forests[0], forests[2])


def test_a_regression_that_has_not_converged_says_so(monkeypatch):
    monkeypatch.setattr("toile.evaluation.baselines.MAX_ITERATIONS", 1)
    noise = np.random.default_rng(0).random((60, 9), dtype=np.float32)
    assert fitted(noise, np.arange(60) % 3, noise)["logistic regression"].note == NOT_CONVERGED


def test_without_scikit_learn_the_line_to_type_is_said(monkeypatch):
    missing = ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    class Missing:
        def find_spec(self, name, path, target=None):
            if name.partition(".")[0] == "sklearn":
                raise missing

    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(ToileError, match=r"'\.\[sklearn\]'"):
        fitted()
