import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from toile.evaluation import proportion

COUNTS = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_half_of_four_at_one_deviation_reaches_a_root_of_five_tenth_either_way() -> None:
    # z = 1, so the centre is (1/2 + 1/8) / (1 + 1/4) = 1/2
    # and the reach sqrt(1/16 + 1/64) / (1 + 1/4) = sqrt(5) / 10.
    estimate = proportion(2, 4, confidence=0.6826894921370859)

    assert estimate.value == 0.5
    assert estimate.low == pytest.approx(0.5 - math.sqrt(5) / 10)
    assert estimate.high == pytest.approx(0.5 + math.sqrt(5) / 10)


@pytest.mark.parametrize(("correct", "n"), [(0, 1), (1, 1), (3, 4), (910, 1000), (4550, 5000)])
def test_interval_is_scipys_wilson(correct: int, n: int) -> None:
    theirs = binomtest(correct, n).proportion_ci(confidence_level=0.95, method="wilson")

    estimate = proportion(correct, n)

    assert (estimate.low, estimate.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(COUNTS)
def test_interval_holds_the_value_and_stays_between_0_and_1(counts: tuple[int, int]) -> None:
    estimate = proportion(*counts)

    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_no_cases_leave_everything_open() -> None:
    estimate = proportion(0, 0)

    assert math.isnan(estimate.value)
    assert estimate.to_json() == {"value": None, "low": 0.0, "high": 1.0, "n": 0}


def test_json_holds_the_four_fields() -> None:
    assert proportion(0, 1, confidence=0.6826894921370859).to_json() == {
        "value": 0.0,
        "low": 0.0,
        "high": pytest.approx(0.5),  # z = 1: centre 1/4 and reach 1/4
        "n": 1,
    }
