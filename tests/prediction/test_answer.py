import numpy as np
import pytest

from toile.errors import ToileError
from toile.prediction import ClassProbability, answer, vote

CLASSES = ("shoe", "bag", "coat")


def test_the_likeliest_come_first_and_of_equals_the_first():
    said = answer(np.array([0.2, 0.6, 0.2]), CLASSES, 2, ["odd"])
    assert said.top == (ClassProbability("bag", 0.6), ClassProbability("shoe", 0.2))
    assert said.warnings == ("odd",)


def test_more_classes_than_there_are_is_all_of_them():
    assert len(answer(np.array([0.7, 0.2, 0.1]), CLASSES, 9).top) == 3


@pytest.mark.parametrize("num_top", [0, -1])
def test_fewer_classes_than_one_are_refused(num_top):
    with pytest.raises(ToileError, match=f"num_top is {num_top}; ask for 1 class or more"):
        answer(np.array([0.7, 0.2, 0.1]), CLASSES, num_top)


def test_below_one_half_is_warned_of_and_so_is_no_number():
    unsure = ("no class reaches 50 %",)
    assert answer(np.array([0.5, 0.3, 0.2]), CLASSES, 1).warnings == ()
    assert answer(np.array([0.49, 0.31, 0.2]), CLASSES, 1).warnings == unsure
    assert answer(np.full(3, np.nan), CLASSES, 1).warnings == unsure


def test_the_mean_probability_decides_and_who_disagrees_is_named():
    said = vote(
        {
            "a": np.array([0.55, 0.45, 0.0]),
            "b": np.array([0.55, 0.45, 0.0]),
            "c": np.array([0.0, 0.9, 0.1]),
        },
        CLASSES,
        1,
    )
    # 1.1 / 3 for shoe against 1.8 / 3 for bag, though two of three say shoe.
    assert said.top == (ClassProbability("bag", 0.6),)
    assert said.agree == 1
    assert said.sentence == "1 of 3 say bag; a says shoe; b says shoe"


def test_runs_that_agree_are_counted():
    same = np.array([0.1, 0.2, 0.7])
    said = vote({"a": same, "b": same}, CLASSES, 3)
    assert (said.agree, said.sentence) == (2, "all 2 say coat")
    assert [one.class_name for one in said.top] == ["coat", "bag", "shoe"]
