import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binned_statistic

from toile.evaluation import expected_calibration_error, probabilities, proportion, reliability


def sure(*confidences: float) -> np.ndarray:
    """A row per image that holds class 0 as likely as asked, and class 1 the rest."""
    return np.array([[one, 1 - one] for one in confidences])


def test_always_right_but_only_six_tenths_sure_is_four_tenths_off() -> None:
    error = expected_calibration_error(sure(0.6, 0.6, 0.6, 0.6), np.zeros(4, np.int64))

    assert error == pytest.approx(0.4)


def test_gaps_are_weighted_by_the_images_of_their_bin() -> None:
    # Three images at .7, two of them right: off by 1/30. One at .9, wrong: off by .9.
    error = expected_calibration_error(sure(0.7, 0.7, 0.7, 0.9), np.array([0, 0, 1, 1]))

    assert error == pytest.approx(3 / 4 * (0.7 - 2 / 3) + 1 / 4 * 0.9)


def test_surer_and_less_sure_in_one_bin_make_up_for_each_other() -> None:
    labels = np.array([0, 0, 0, 1])

    assert expected_calibration_error(sure(0.7, 0.8, 0.7, 0.8), labels, bins=2) == pytest.approx(0)
    assert expected_calibration_error(sure(0.7, 0.8, 0.7, 0.8), labels) == pytest.approx(0.3)


def test_bins_hold_their_count_mean_confidence_and_accuracy() -> None:
    empty, full = reliability(sure(0.6, 0.7, 0.8, 0.9), np.array([0, 0, 1, 0]), bins=2)

    assert (full.low, full.high, full.count) == (0.5, 1.0, 4)
    assert full.confidence == pytest.approx(0.75)
    assert full.accuracy == proportion(3, 4)
    assert empty.to_json() == {
        "low": 0.0,
        "high": 0.5,
        "count": 0,
        "confidence": None,
        "accuracy": {"value": None, "low": 0.0, "high": 1.0, "n": 0},
    }


@pytest.mark.parametrize("bins", [1, 7, 10, 15, 100])
def test_bins_are_closed_on_the_right(bins: int) -> None:
    edges = [step / bins for step in range(1, bins + 1)]
    rows = np.array([[edge, 0, 0] for edge in edges])

    counted = reliability(rows, np.zeros(bins, np.int64), bins)

    assert [one.count for one in counted] == [1] * bins
    assert [one.high for one in counted] == edges


def test_bins_agree_with_scipys() -> None:
    generator = np.random.default_rng(0)
    shares = probabilities(2 * generator.normal(size=(500, 4)))
    labels, top = generator.integers(0, 4, 500), shares.max(axis=1)

    counted = [one for one in reliability(shares, labels) if one.count]

    hits = shares.argmax(axis=1) == labels
    for ours, values in (
        ([one.confidence for one in counted], top),
        ([one.accuracy.value for one in counted], hits),
    ):
        theirs = binned_statistic(top, values, bins=15, range=(0, 1)).statistic
        assert ours == pytest.approx(theirs[~np.isnan(theirs)].tolist())


@given(st.lists(st.tuples(st.floats(0.5, 1), st.integers(0, 1)), min_size=1), st.integers(1, 30))
def test_the_error_lies_between_0_and_1(images: list[tuple[float, int]], bins: int) -> None:
    confidences, labels = zip(*images, strict=True)

    assert 0 <= expected_calibration_error(sure(*confidences), np.array(labels), bins) <= 1


GROUPS = st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(n // 2 + 1, n), st.just(n)))


@given(st.lists(GROUPS, min_size=1, max_size=6))
def test_as_often_right_as_sure_is_no_error(groups: list[tuple[int, int]]) -> None:
    rows = np.concatenate([sure(*[right / n] * n) for right, n in groups])
    labels = np.concatenate([np.arange(n) >= right for right, n in groups]).astype(np.int64)

    assert expected_calibration_error(rows, labels) == pytest.approx(0, abs=1e-12)


def test_a_diverged_network_has_no_calibration() -> None:
    rows = np.array([[np.nan, np.nan], [0.9, 0.1]])

    assert math.isnan(expected_calibration_error(rows, np.array([0, 0])))
    assert reliability(rows, np.array([0, 0]))[-1].to_json()["confidence"] is None


def test_no_images_have_no_calibration() -> None:
    assert math.isnan(expected_calibration_error(np.zeros((0, 3)), np.zeros(0, np.int64)))
