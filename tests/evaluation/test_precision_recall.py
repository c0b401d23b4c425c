import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from sklearn.metrics import precision_recall_fscore_support

from toile.evaluation import (
    class_scores,
    confusion_matrix,
    macro_scores,
    precisions,
    proportion,
    recalls,
)

ANSWERS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    labels, predictions = np.array(pairs).T
    return labels, predictions


def test_four_images_of_three_classes_by_hand() -> None:
    # Class 0: two images, one found. Class 1: one, found by three answers. Class 2: one, missed.
    matrix = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)

    first, second, third = class_scores(matrix)

    assert (first.precision, first.recall) == (proportion(1, 1), proportion(1, 2))
    assert (second.precision, second.recall) == (proportion(1, 3), proportion(1, 1))
    assert [one.f1.value for one in (first, second, third)] == pytest.approx([2 / 3, 1 / 2, 0])
    assert [one.f1.n for one in (first, second, third)] == [2, 3, 1]


def test_macro_scores_are_the_means_of_the_classes_that_have_one() -> None:
    macro = macro_scores(confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 4))

    assert macro.precision.value == pytest.approx((1 + 1 / 3) / 2)
    assert macro.recall.value == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert macro.f1.value == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert macro.f1.n == 4


def test_a_class_never_answered_has_no_precision_and_an_f1_of_0() -> None:
    missed = class_scores(np.array([[2, 0], [3, 0]]))[1].to_json()

    assert missed["precision"] == {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    assert missed["recall"]["value"] == missed["f1"]["value"] == 0


def test_a_class_without_images_or_answers_has_no_score_at_all() -> None:
    absent = class_scores(np.array([[2, 0], [0, 0]]))[1].to_json()

    nothing = {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    assert absent == {"precision": nothing, "recall": nothing, "f1": nothing}


# A busy machine is no failure: no deadline.
@settings(deadline=None)
@given(ANSWERS)
def test_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    labels, predictions = columns(pairs)
    asked = {"labels": range(5), "zero_division": np.nan}
    theirs = precision_recall_fscore_support(labels, predictions, **asked)[:3]
    their_means = precision_recall_fscore_support(labels, predictions, average="macro", **asked)[:3]

    matrix = confusion_matrix(labels, predictions, 5)
    scores, means = class_scores(matrix), macro_scores(matrix)

    for name, values, mean in zip(("precision", "recall", "f1"), theirs, their_means, strict=True):
        ours = [getattr(one, name).value for one in scores]
        assert ours == pytest.approx(values.tolist(), nan_ok=True)
        assert getattr(means, name).value == pytest.approx(mean)


@settings(deadline=None)
@given(ANSWERS)
def test_every_interval_holds_its_value_and_stays_between_0_and_1(
    pairs: list[tuple[int, int]],
) -> None:
    matrix = confusion_matrix(*columns(pairs), 5)

    for scores in (*class_scores(matrix), macro_scores(matrix)):
        for one in (scores.precision, scores.recall, scores.f1):
            assert math.isnan(one.value) or 0 <= one.low <= one.value <= one.high <= 1


def test_an_interval_whose_resamples_all_but_miss_the_value_is_widened_to_it() -> None:
    # Twenty classes of two images, of which one is answered with the first class. A resample that
    # loses a class's right answer loses its precision of 1, so nearly all are below the value.
    matrix = np.eye(20, dtype=np.int64)
    matrix[:, 0] += 1

    precision = macro_scores(matrix).precision

    assert precision.value == pytest.approx((2 / 21 + 19) / 20)
    assert precision.low < precision.value <= precision.high


@settings(deadline=None)
@given(ANSWERS)
def test_images_and_answers_exchanged_exchange_precision_and_recall(
    pairs: list[tuple[int, int]],
) -> None:
    matrix = confusion_matrix(*columns(pairs), 5)

    assert repr(precisions(matrix)) == repr(recalls(matrix.T))
    here, there = macro_scores(matrix), macro_scores(matrix.T.copy())
    assert here.precision.value == pytest.approx(there.recall.value)
    assert here.f1.value == pytest.approx(there.f1.value)


def test_f1_intervals_follow_from_the_share_of_right_among_those_touched() -> None:
    # Class 0: 6 right of 8 images, 9 answers: touched 11, J = 6/11, F1 = 12/17.
    f1 = class_scores(np.array([[6, 2], [3, 9]]))[0].f1
    share = proportion(6, 11)

    assert (f1.value, f1.n) == (pytest.approx(12 / 17), 11)
    assert f1.low == pytest.approx(2 * share.low / (1 + share.low))
    assert f1.high == pytest.approx(2 * share.high / (1 + share.high))


def test_an_f1_of_all_right_still_has_its_doubt() -> None:
    f1 = class_scores(np.diag([10, 10]))[0].f1

    assert f1.value == f1.high == 1
    assert f1.low < 0.9


def test_mean_f1_intervals_are_scipys_bootstrap_over_the_images() -> None:
    matrix = np.array([[60, 12, 8], [9, 70, 1], [20, 0, 20]])
    labels, answers = (where.repeat(matrix.ravel()) for where in np.indices((3, 3)).reshape(2, 9))

    def mean_f1(images: np.ndarray, axis: int) -> np.ndarray:
        each = [
            2
            * ((labels[images] == one) & (answers[images] == one)).sum(axis)
            / ((labels[images] == one).sum(axis) + (answers[images] == one).sum(axis))
            for one in range(3)
        ]
        return np.mean(each, axis=0)

    theirs = bootstrap(
        (np.arange(200),), mean_f1, n_resamples=4000, method="percentile", rng=1
    ).confidence_interval
    ours = macro_scores(matrix).f1

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_four_times_the_images_halve_the_width_of_the_mean_f1() -> None:
    matrix = np.array([[60, 12, 8], [9, 70, 1], [20, 0, 20]])

    few, many = macro_scores(matrix).f1, macro_scores(4 * matrix).f1

    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.1)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    matrix = np.array([[60, 12], [9, 70]])

    assert macro_scores(matrix, seed=3) == macro_scores(matrix, seed=3)
    assert macro_scores(matrix, seed=3) != macro_scores(matrix, seed=4)


def test_where_all_is_right_the_mean_still_has_its_classes_doubt() -> None:
    macro = macro_scores(np.diag([10, 10, 10]))
    # Each class's recall is 1 with .722 to 1; their mean's end is .278 * sqrt(3) / 3 below 1.
    assert macro.recall.value == macro.recall.high == 1
    assert macro.recall.low == pytest.approx(1 - 0.2775 / 3**0.5, abs=1e-3)
