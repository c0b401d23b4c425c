"""Simple classifiers, with answers worked by hand."""

import sys

import numpy as np
import pytest

from toile.errors import ToileError
from toile.evaluation import Baseline, baselines, fit_baselines
from toile.evaluation.baselines import NOT_CONVERGED, most_leaves

# Two classes of points on a line, of which the second is the commoner, and a stray of the first.
PIXELS = np.array([[0], [26], [51], [153], [179], [204], [230], [255]], np.uint8)
LABELS = np.array([0, 0, 0, 1, 1, 0, 1, 1])
LABELS_COMMONER = np.array([0, 0, 1, 1, 1, 0, 1, 1])


def fitted(pixels=PIXELS, labels=LABELS, asked=PIXELS, **options) -> dict[str, Baseline]:
    return {one.name: one for one in fit_baselines(pixels, labels, asked, **options)}


def test_the_commonest_class_is_answered_for_every_image():
    answers = fitted(labels=LABELS_COMMONER)["commonest class"].predictions
    assert answers.tolist() == [1] * 8


def test_the_nearest_neighbour_answers_as_the_image_that_is_closest():
    asked = np.array([[12], [105], [201], [219], [255]], np.uint8)
    answers = fitted(asked=asked)["one nearest neighbour"].predictions
    assert answers.tolist() == [0, 1, 0, 1, 1]


def test_regression_draws_one_line_and_a_forest_follows_the_stray():
    found = fitted()
    assert found["logistic regression"].predictions.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert found["random forest"].predictions[5] == 0
    assert found["logistic regression"].note == ""


def test_the_forest_is_that_of_its_seed():
    noise = np.random.default_rng(0).integers(0, 256, (60, 9), np.uint8)
    labels = np.arange(60) % 3
    forests = [
        fitted(noise[:40], labels[:40], noise[40:], seed=seed)["random forest"].predictions
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(forests[0], forests[1])
    assert not np.array_equal(forests[0], forests[2])


@pytest.mark.parametrize(("classes", "images"), [(10, 60_000), (1000, 10_000), (5, 100_000)])
def test_a_hundred_trees_take_at_most_500_mb(classes, images):
    leaves = most_leaves(images, classes)
    assert leaves is not None
    # sklearn.tree._tree.Tree.value is (nodes, 1, classes) of float64, and a node a record of 64.
    assert 450e6 < 100 * (2 * leaves - 1) * (8 * classes + 64) <= 500e6


def test_few_images_are_fitted_by_scikit_learns_own_settings():
    assert most_leaves(12_000, 10) is None
    assert fitted()["random forest"].note == ""


def test_trees_that_were_cut_short_say_so_and_stay_small(monkeypatch):
    monkeypatch.setattr("toile.evaluation.baselines.MOST_FOREST_BYTES", 100 * 2 * (8 * 3 + 64) * 4)
    noise = np.random.default_rng(0).integers(0, 256, (60, 9), np.uint8)
    assert (
        "stopped growing at 4 leaves"
        in fitted(noise, np.arange(60) % 3, noise)["random forest"].note
    )


def test_images_are_asked_for_a_few_at_a_time(monkeypatch):
    at_once = []
    own = baselines._unit

    def watched(pixels):
        at_once.append(len(pixels))
        return own(pixels)

    expected = {name: one.predictions.tolist() for name, one in fitted().items()}
    monkeypatch.setattr(baselines, "VALUES_AT_ONCE", 3)
    monkeypatch.setattr(baselines, "_unit", watched)
    assert {name: one.predictions.tolist() for name, one in fitted().items()} == expected
    assert at_once == [8, *[3, 3, 2] * 4]


def test_a_regression_that_has_not_converged_says_so(monkeypatch):
    monkeypatch.setattr("toile.evaluation.baselines.MAX_ITERATIONS", 1)
    noise = np.random.default_rng(0).integers(0, 256, (60, 9), np.uint8)
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
