import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from toile.evaluation import accuracy, cross_entropy, fit_temperature


def drawn(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, 4), and labels drawn with the probabilities they stand for."""
    generator = np.random.default_rng(seed)
    logits = 2 * generator.normal(size=(n, 4))
    return logits, (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)


def test_nine_tenths_sure_and_three_of_four_right_is_twice_too_sure() -> None:
    # Divided by 2, odds of 9 to 1 are odds of 3 to 1.
    logits = np.log(np.array([[9.0, 1.0]] * 4))

    fitted = fit_temperature(logits, np.array([0, 0, 0, 1]))

    assert fitted.value == pytest.approx(2, rel=1e-6)
    assert fitted.loss_before == pytest.approx((3 * math.log(10 / 9) + math.log(10)) / 4)
    assert fitted.loss_after == pytest.approx((3 * math.log(4 / 3) + math.log(4)) / 4)
    assert fitted.n == 4


def test_of_two_classes_it_is_one_over_the_weight_of_a_logistic_regression() -> None:
    generator = np.random.default_rng(0)
    margin = 3 * generator.normal(size=500)
    labels = (generator.random(500) < 1 / (1 + np.exp(-margin / 2.5))).astype(np.int64)

    regression = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10)
    weight = regression.fit(margin[:, None], labels).coef_.item()

    logits = np.stack([np.zeros(500), margin], axis=1)
    assert fit_temperature(logits, labels).value == pytest.approx(1 / weight, rel=1e-4)


# A busy machine is no failure: no deadline.
@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_logits_scaled_by_a_factor_scale_the_temperature(seed: int, factor: float) -> None:
    logits, labels = drawn(seed)

    plain, scaled = fit_temperature(logits, labels), fit_temperature(factor * logits, labels)

    assert scaled.value == pytest.approx(factor * plain.value, rel=1e-5)
    assert scaled.loss_after == pytest.approx(plain.loss_after)


def test_logits_three_times_too_sure_have_a_temperature_of_three() -> None:
    logits, labels = drawn(0, n=20_000)

    assert fit_temperature(3 * logits, labels).value == pytest.approx(3, rel=0.05)


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_no_other_temperature_costs_less_and_no_answer_changes(seed: int, other: float) -> None:
    logits, labels = drawn(seed, n=40)

    fitted = fit_temperature(logits, labels)

    assert fitted.loss_after <= fitted.loss_before
    assert fitted.loss_after <= cross_entropy(logits / other, labels) + 1e-9
    assert fitted.loss_after == pytest.approx(cross_entropy(logits / fitted.value, labels))
    assert accuracy(logits / fitted.value, labels) == accuracy(logits, labels)


def test_all_right_is_never_sure_enough_and_worse_than_guesses_always_too_sure() -> None:
    logits = np.array([[0.02, 0.0], [0.0, 0.02]])

    assert fit_temperature(logits, np.array([0, 1])).value == pytest.approx(0.01, rel=1e-5)
    assert fit_temperature(logits, np.array([1, 0])).value == pytest.approx(100, rel=1e-5)


def test_a_loss_that_is_already_nothing_keeps_its_temperature() -> None:
    fitted = fit_temperature(1000 * np.eye(3), np.arange(3))

    assert (fitted.value, fitted.loss_after) == (1, 0)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_diverged_network_has_no_temperature(broken: float) -> None:
    fitted = fit_temperature(np.array([[broken, 0.0], [1.0, 0.0]]), np.array([0, 0]))

    nothing = {"value": None, "loss_before": None, "loss_after": None}
    assert fitted.to_json() == {**nothing, "n": 2}
