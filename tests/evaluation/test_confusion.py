import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from toile.evaluation import Confusion, confusion_matrix, most_confused, proportion, recalls

ANSWERS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    labels, predictions = np.array(pairs).T
    return labels, predictions


def test_true_classes_are_rows_and_answers_columns() -> None:
    matrix = confusion_matrix(np.array([0, 0, 2]), np.array([0, 1, 1]), 3)

    assert matrix.tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 0]]


@given(ANSWERS)
def test_matrix_and_recalls_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    labels, predictions = columns(pairs)
    present = sorted(set(labels.tolist()))

    matrix = confusion_matrix(labels, predictions, 5)

    theirs = metrics.confusion_matrix(labels, predictions, labels=range(5))
    assert matrix.tolist() == theirs.tolist()
    found = metrics.recall_score(labels, predictions, labels=present, average=None)
    assert [recalls(matrix)[one].value for one in present] == pytest.approx(found.tolist())


@given(ANSWERS)
def test_rows_sum_to_the_images_of_each_class(pairs: list[tuple[int, int]]) -> None:
    labels, predictions = columns(pairs)

    matrix = confusion_matrix(labels, predictions, 5)

    assert matrix.sum(axis=1).tolist() == np.bincount(labels, minlength=5).tolist()


def test_recall_is_the_share_found_with_its_interval() -> None:
    found = recalls(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))

    assert found[:2] == (proportion(3, 4), proportion(2, 2))
    assert math.isnan(found[2].value)


def test_most_confused_sorts_by_count_then_by_class() -> None:
    matrix = np.array([[8, 1, 1], [3, 1, 0], [0, 1, 9]])

    assert most_confused(matrix, 3) == (
        Confusion(true=1, predicted=0, count=3, fraction=0.75),
        Confusion(true=0, predicted=1, count=1, fraction=0.1),
        Confusion(true=0, predicted=2, count=1, fraction=0.1),
    )


def test_all_pairs_equally_often_confused_stand_in_class_order() -> None:
    pairs = most_confused(np.ones((9, 9), np.int64), 72)

    order = [(pair.true, pair.predicted) for pair in pairs]
    assert order == sorted(order)
    assert len(order) == 72


def test_pairs_never_confused_are_not_named() -> None:
    assert most_confused(np.array([[5, 0], [2, 3]]), 10) == (Confusion(1, 0, 2, 0.4),)


def test_the_matrix_asked_about_is_left_as_it_was() -> None:
    matrix = np.array([[5, 1], [2, 3]])

    most_confused(matrix, 1)

    assert matrix.tolist() == [[5, 1], [2, 3]]
