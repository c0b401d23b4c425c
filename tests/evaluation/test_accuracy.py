import numpy as np
import pytest

from toile.evaluation import accuracy, proportion


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
