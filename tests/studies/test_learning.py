"""How soon readings were how good, over the readings of a level."""

import math

import pytest

from toile.studies import LearningCurve, reached_by_level


def curve(*accuracies: float, number: int = 1, diverged: bool = False) -> LearningCurve:
    """An epoch takes ten seconds."""
    seconds = tuple(10.0 * epoch for epoch in range(1, len(accuracies) + 1))
    return LearningCurve(number, diverged, accuracies, seconds, len(accuracies))


def test_the_median_counts_readings_that_never_were_as_good_as_later_than_any():
    curves = {
        "8": (curve(0.7, 0.81), curve(0.82, 0.9), curve(0.7, 0.75)),
        "16": (curve(0.7, 0.85), curve(0.6, 0.7), curve(0.6, 0.79)),
    }
    first, second = reached_by_level(curves, [0.8])
    assert (first.reached, first.readings, first.epochs, first.seconds) == (2, 3, 2, 20)
    assert (second.reached, second.readings, second.epochs, second.seconds) == (1, 3, None, None)


def test_of_an_even_number_the_median_lies_between_the_middle_two():
    (even,) = reached_by_level({"8": (curve(0.9), curve(0.7, 0.9))}, [0.8])
    assert (even.epochs, even.seconds) == (1.5, 15)
    (half,) = reached_by_level({"8": (curve(0.9), curve(0.7, 0.7))}, [0.8])
    assert half.epochs is None


def test_a_training_that_diverged_reached_nothing():
    (one,) = reached_by_level({"8": (curve(0.9, math.nan, diverged=True),)}, [0.8])
    assert (one.reached, one.readings) == (0, 1)


def test_accuracies_are_picked_by_which_readings_differ():
    """All have .7 after the first epoch, and none has .93."""
    curves = {"8": (curve(0.75, 0.86, 0.91),), "16": (curve(0.75, 0.89, 0.925),)}
    picked = {one.accuracy for one in reached_by_level(curves)}
    assert picked == {0.8, 0.88, 0.9, 0.92}


def test_where_all_begin_as_good_the_highest_that_they_share_is_picked():
    curves = {"8": (curve(0.75), curve(0.76))}
    (one,) = reached_by_level(curves)
    assert (one.accuracy, one.epochs) == (0.7, 1)
    assert reached_by_level({"8": (curve(0.05),)}) == ()


@pytest.mark.parametrize(
    ("accuracies", "gain"), [((0.8,), None), ((0.8, 0.9), 0.1), ((0.8, 0.9, 0.85), -0.05)]
)
def test_the_last_gain_is_what_the_last_epoch_added(accuracies, gain):
    assert curve(*accuracies).last_gain == (None if gain is None else pytest.approx(gain))
