import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from toile.evaluation import probabilities

LOGITS = arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32))


def test_odds_three_to_one_are_three_quarters_and_one() -> None:
    shares = probabilities(np.log(np.array([[3.0, 1.0]])))

    assert shares.tolist() == [pytest.approx([0.75, 0.25])]


@given(LOGITS)
def test_rows_sum_to_one_and_agree_with_scipy(logits: np.ndarray) -> None:
    shares = probabilities(logits)

    assert shares.sum(axis=1) == pytest.approx(1)
    assert shares == pytest.approx(softmax(logits.astype(np.float64), axis=1))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_diverged_row_is_nan_without_a_warning(broken: float) -> None:
    assert np.isnan(probabilities(np.array([[broken, 0.0]]))).any()
