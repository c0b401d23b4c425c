import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from toile.evaluation import Temperature, calibrate, fit_temperature, judge, probabilities


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    """400 images of five classes, answered right about two times in three, too surely."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 400)
    logits = rng.normal(size=(400, 5)).astype(np.float32)
    logits[np.arange(400), labels] += 1.5
    return 3 * logits, labels


def test_all_scores_agree_with_scikit_learn(answers):
    logits, labels = answers
    judged = judge(logits, labels, calibrate(logits, labels, fit_temperature(logits, labels)))

    predictions = logits.argmax(1)
    precision, recall, f1, support = precision_recall_fscore_support(labels, predictions)
    assert judged.accuracy.value == pytest.approx(accuracy_score(labels, predictions))
    assert judged.top2.value == pytest.approx(top_k_accuracy_score(labels, logits, k=2))
    assert judged.loss == pytest.approx(log_loss(labels, probabilities(logits)))
    assert [one.precision.value for one in judged.per_class] == pytest.approx(precision.tolist())
    assert [one.recall.value for one in judged.per_class] == pytest.approx(recall.tolist())
    assert [one.f1.value for one in judged.per_class] == pytest.approx(f1.tolist())
    assert [one.recall.n for one in judged.per_class] == support.tolist()
    assert judged.macro.f1.value == pytest.approx(f1.mean())
    assert (judged.matrix == confusion_matrix(labels, predictions)).all()


def test_the_most_confused_pair_is_the_greatest_number_off_the_diagonal(answers):
    logits, labels = answers
    judged = judge(logits, labels, calibrate(logits, labels, fit_temperature(logits, labels)))

    off = judged.matrix - np.diag(judged.matrix.diagonal())
    first = judged.most_confused[0]
    assert first.count == off.max() == off[first.true, first.predicted]


def test_the_right_temperature_takes_overconfidence_off(answers):
    logits, labels = answers
    fitted = fit_temperature(logits[:200], labels[:200])
    judged = calibrate(logits[200:], labels[200:], fitted)

    # Normal numbers a mean of 1.5 apart tell classes by 1.5 times themselves; these are 3 times.
    assert fitted.value == pytest.approx(2, abs=0.3)
    assert judged.error_after < judged.error / 2
    assert judged.loss_after < judged.loss
    assert judged.n == sum(one.count for one in judged.bins) == 200


def test_a_temperature_of_two_halves_the_logits():
    # Odds of 9 : 1 become 3 : 1, right in three of four: no gap is left.
    logits = np.log(np.array([[9.0, 1.0]] * 4))
    judged = calibrate(logits, np.array([0, 0, 0, 1]), Temperature(2.0, 1.0, 1.0, 4))

    assert judged.error == pytest.approx(0.9 - 0.75)
    assert judged.error_after == pytest.approx(0)


def test_answers_of_a_diverged_training_are_judged_as_far_as_they_go():
    logits = np.full((4, 2), np.nan, np.float32)
    labels = np.array([0, 0, 1, 1])

    judged = judge(logits, labels, calibrate(logits, labels, fit_temperature(logits, labels)))

    assert judged.accuracy.value == 0.5  # NaN answers the first class
    assert np.isnan([judged.loss, judged.calibration.error]).all()
