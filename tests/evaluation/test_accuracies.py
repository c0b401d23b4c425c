import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from toile.evaluation import accuracy, proportion, top_accuracy


def test_three_of_four_right_is_three_quarters() -> None:
    logits = np.array([[2, 1], [0, 3], [5, -5], [1, 2]], np.float32)

    estimate = accuracy(logits, np.array([0, 1, 1, 1]))

    assert estimate == proportion(3, 4)
    assert estimate.value == 0.75


def test_of_equal_logits_the_first_class_answers() -> None:
    tied = np.zeros((2, 3), np.float32)

    assert accuracy(tied, np.array([0, 2])).value == 0.5


def test_adding_a_number_to_a_row_changes_no_answer() -> None:
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(50, 4)), generator.integers(0, 4, 50)

    shifted = logits + generator.normal(size=(50, 1))

    assert accuracy(shifted, labels).value == pytest.approx(accuracy(logits, labels).value)


@pytest.mark.parametrize(("k", "right"), [(1, 1), (2, 3), (3, 4), (9, 4)])
def test_four_images_are_found_at_their_ranks_1_2_2_and_3(k: int, right: int) -> None:
    logits = np.array([[5, 1, 0], [5, 1, 0], [0, 5, 1], [2, 1, 0]], np.float32)
    labels = np.array([0, 1, 2, 2])

    assert top_accuracy(logits, labels, k) == proportion(right, 4)


def test_of_equal_logits_the_first_classes_answer() -> None:
    tied = np.zeros((4, 4), np.float32)

    assert top_accuracy(tied, np.array([0, 1, 2, 3]), 2) == proportion(2, 4)
    assert top_accuracy(tied, np.array([0, 1, 0, 1]), 2) == proportion(4, 4)


def test_of_a_hundred_logits_of_two_values_the_first_of_the_greater_answer() -> None:
    # So many that numpy's default sort no longer keeps equal ones in order.
    logits = np.tile([0.0, 1.0], (100, 50))

    found = top_accuracy(logits, np.arange(100), 5)

    assert found == proportion(5, 100)
    assert top_accuracy(logits[:5], np.array([1, 3, 5, 7, 9]), 5).value == 1


@pytest.mark.parametrize("k", [1, 2, 5])
def test_agrees_with_scikit_learn(k: int) -> None:
    generator = np.random.default_rng(k)
    logits, labels = generator.normal(size=(300, 7)), generator.integers(0, 7, 300)

    theirs = top_k_accuracy_score(labels, logits, k=k, labels=range(7))

    assert top_accuracy(logits, labels, k).value == pytest.approx(theirs)


VALUES = st.sampled_from([-1.0, 0.0, 1.0, np.nan])


@given(st.lists(st.tuples(*[VALUES] * 3, st.integers(0, 2)), min_size=1))
def test_the_top_one_is_the_accuracy_with_its_ties_and_nans(rows: list[tuple]) -> None:
    logits, labels = np.array(rows)[:, :3], np.array([row[3] for row in rows])

    assert top_accuracy(logits, labels, 1) == accuracy(logits, labels)
