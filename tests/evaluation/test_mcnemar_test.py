import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from toile.evaluation import McNemar, mcnemar

COUNTS = st.tuples(*[st.integers(0, 60)] * 4)


def answers(both: int, only_first: int, only_second: int, neither: int) -> list[np.ndarray]:
    """Whether each of two networks was right, for as many images of each kind as asked."""
    kinds = [[True, True], [True, False], [False, True], [False, False]]
    return list(np.repeat(kinds, [both, only_first, only_second, neither], axis=0).T)


def test_four_images_right_for_the_first_alone_have_one_chance_in_eight() -> None:
    # Four equal throws of a coin, either way up: 2 / 2**4.
    first = np.array([True, True, True, True, True, False])
    second = np.array([True, False, False, False, False, False])

    result = mcnemar(first, second)

    assert (result.both, result.only_first, result.only_second, result.neither) == (1, 4, 0, 1)
    assert result.p == pytest.approx(1 / 8)


def test_one_against_three_has_ten_chances_in_sixteen() -> None:
    # 0, 1, 3 or 4 heads of 4: (1 + 4 + 4 + 1) / 16.
    assert mcnemar(*answers(5, 1, 3, 2)).p == pytest.approx(10 / 16)


def test_networks_that_never_differ_show_no_difference() -> None:
    same = np.array([True, False, True])

    assert mcnemar(same, same).to_json() == {
        "both": 2,
        "only_first": 0,
        "only_second": 0,
        "neither": 1,
        "p": 1.0,
    }


@given(COUNTS)
def test_p_is_twice_the_smaller_tail_of_the_coin(counts: tuple[int, int, int, int]) -> None:
    _, first, second, _ = counts

    tail = binom.cdf(min(first, second), first + second, 0.5)

    assert mcnemar(*answers(*counts)).p == pytest.approx(min(1, 2 * tail))


@given(COUNTS)
def test_exchanged_networks_exchange_their_counts_alone(counts: tuple[int, int, int, int]) -> None:
    first, second = answers(*counts)
    both, only_first, only_second, neither = counts

    there, back = mcnemar(first, second), mcnemar(second, first)

    assert there == McNemar(both, only_first, only_second, neither, there.p)
    assert back == McNemar(both, only_second, only_first, neither, back.p)
    assert back.p == pytest.approx(there.p)


@given(COUNTS)
def test_images_on_which_both_agree_change_nothing(counts: tuple[int, int, int, int]) -> None:
    _, first, second, _ = counts

    assert mcnemar(*answers(*counts)).p == mcnemar(*answers(0, first, second, 0)).p
