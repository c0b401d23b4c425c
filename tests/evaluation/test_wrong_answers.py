import math

import numpy as np
import pytest

from toile.evaluation import confident_errors, repeated_errors


def test_the_surest_wrong_answer_comes_first_and_equal_ones_keep_their_order():
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7], [0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    labels = np.array([1, 1, 1, 0, 1])
    assert confident_errors(probabilities, labels).tolist() == [2, 0, 3]
    assert confident_errors(probabilities, probabilities.argmax(1)).tolist() == []


def test_errors_of_three_readings_are_counted_by_hand():
    wrong = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 0, 0, 0]], bool)
    counted = repeated_errors(wrong)
    assert (counted.readings, counted.images, counted.errors) == (3, 5, 6)
    assert (counted.always, counted.flipping, counted.flipping_errors) == (1, 2, 3)
    # Six errors meet two other readings each: of twelve answers to them four are right.
    assert counted.luck == pytest.approx(4 / 12)


def test_readings_that_err_alike_have_no_luck_and_those_that_never_do_all_of_it():
    assert repeated_errors(np.array([[True, False]] * 4)).luck == 0
    assert repeated_errors(np.eye(4, dtype=bool)).luck == 1


def test_luck_is_the_mean_over_pairs_and_so_the_same_for_any_number_of_readings():
    rng = np.random.default_rng(0)
    wrong = rng.random((6, 40)) < rng.random(40)
    pairs = [
        (wrong[a] & ~wrong[b]).sum() for a in range(6) for b in range(6) if a != b
    ]  # fmt: skip
    assert repeated_errors(wrong).luck == pytest.approx(sum(pairs) / (5 * wrong.sum()))


def test_one_reading_tells_nothing_of_luck_nor_do_readings_without_errors():
    assert math.isnan(repeated_errors(np.array([[True, False]])).luck)
    assert math.isnan(repeated_errors(np.zeros((3, 2), bool)).luck)
