import math

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from toile.evaluation import cross_entropy


def test_logits_of_odds_three_to_one_cost_the_log_of_their_shares() -> None:
    logits = np.log(np.array([[3, 1], [3, 1]], np.float64))

    # Held at 3/4 and 1/4: -(ln 3/4 + ln 1/4) / 2.
    expected = (math.log(4 / 3) + math.log(4)) / 2
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx(expected)


def test_a_guess_among_k_costs_ln_k() -> None:
    assert cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9])) == pytest.approx(math.log(10))


def test_logits_of_a_thousand_do_not_overflow() -> None:
    logits = np.array([[1000, 0], [1000, 0]], np.float32)

    assert cross_entropy(logits, np.array([0, 1])) == 500


def test_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    logits, labels = 3 * generator.normal(size=(200, 5)), generator.integers(0, 5, 200)

    theirs = log_loss(labels, softmax(logits, axis=1), labels=range(5))

    assert cross_entropy(logits, labels) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_diverged_network_costs_nan_without_a_warning(broken: float) -> None:
    assert math.isnan(cross_entropy(np.array([[broken, 0.0]]), np.array([0])))
