import numpy as np
import pytest

from toile.studies.needed import readings_to_call_same, readings_to_tell_apart
from toile.studies.welch import difference, sample


def share(question, n: int, gap: float, sd: float, alpha: float) -> float:
    """How often two samples of `n` readings, simulated, answer the question."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        first, second = rng.normal(gap, sd, n), rng.normal(0, sd, n)
        hits += question(difference(sample(first), sample(second))) <= alpha
    return hits / 2000


@pytest.mark.parametrize(("gap", "sd"), [(0.9, 0.37), (0.48, 0.37), (0.3, 0.2)])
def test_so_many_readings_tell_apart_four_times_in_five(gap, sd):
    n = readings_to_tell_apart(gap, sd, sd, alpha=0.05)
    assert share(lambda found: found.p(), n, gap, sd, 0.05) == pytest.approx(0.8, abs=0.06)


def test_the_detectable_difference_of_the_sheets_is_as_published():
    # At a spread of .37 and 80 % power: n = 5 detects .73, 10 .48, 20 .33.
    found = [readings_to_tell_apart(gap, 0.37, 0.37, alpha=0.05) for gap in (0.73, 0.48, 0.33)]
    assert np.allclose(found, [5, 10, 20], atol=1)


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_so_many_readings_show_sameness_four_times_in_five(gap):
    n = readings_to_call_same(gap, 0.37, 0.37, margin=0.5, alpha=0.05)
    hits = share(lambda found: found.p_outside(0.5), n, gap, 0.37, 0.05)
    assert hits == pytest.approx(0.8, abs=0.06)


def test_a_gap_of_the_margin_is_never_shown_to_be_within_it():
    assert readings_to_call_same(0.5, 0.37, 0.37, margin=0.5, alpha=0.05) is None


def test_equal_means_are_never_told_apart():
    assert readings_to_tell_apart(0.0, 0.37, 0.37, alpha=0.05) is None
