"""What corruptions cost: worked by hand on ten answers."""

import numpy as np
import pytest

from toile.evaluation import (
    CORRUPTIONS,
    CorruptionScores,
    proportion,
    robustness_sentence,
    score_strength,
)

LABELS = np.repeat([0, 1], 50)


def answers(right_of_first: int, right_of_second: int) -> np.ndarray:
    """Logits that are right on so many of each class's 50."""
    right = np.concatenate([np.arange(50) < right_of_first, np.arange(50) < right_of_second])
    predicted = np.where(right, LABELS, 1 - LABELS)
    return np.eye(2)[predicted]


def scores(name: str, *right: tuple[int, int]) -> CorruptionScores:
    clean = score_strength(0.0, answers(48, 48), LABELS)
    strengths = CORRUPTIONS[name].strengths(28, 28)
    levels = [
        score_strength(strength, answers(*one), LABELS)
        for strength, one in zip(strengths, right, strict=True)
    ]
    return CorruptionScores(CORRUPTIONS[name], clean, tuple(levels))


TURNED = scores("rotate", (48, 48), (48, 40), (46, 30), (44, 20), (40, 16))
BLURRED = scores("blur", (48, 48), (48, 47), (48, 48), (48, 46), (47, 47))


def test_accuracy_and_recall_have_wilsons_interval():
    third = TURNED.levels[2]
    assert third.strength == 15
    assert third.accuracy == proportion(76, 100)
    assert third.recalls == (proportion(46, 50), proportion(30, 50))


def test_losses_are_in_shares_of_the_images_and_half_comes_where_it_comes():
    assert TURNED.losses == pytest.approx((0, 0.08, 0.20, 0.32, 0.40))
    assert TURNED.mean_loss == pytest.approx(0.2)
    # Half of .40 is lost at 15 degrees exactly; a loss of .199 would not do.
    assert TURNED.half is TURNED.levels[2]
    assert TURNED.worst is TURNED.levels[4]
    assert TURNED.hardest_class == 1


def test_the_sentence_names_the_worst_with_its_strengths_and_intervals():
    sentence = robustness_sentence([BLURRED, TURNED])
    assert sentence == (
        "rotate lowers its accuracy most of what was tried: from 96.0 % (90.2 to 98.4) on "
        "unchanged pictures to 56.0 % (46.2 to 65.3) on pictures turned by 45 degrees; half of "
        "that or more is lost on pictures turned by 15 degrees, 76.0 % (66.8 to 83.3)"
    )


def test_what_chance_may_have_done_is_not_called_a_loss():
    assert not BLURRED.shown
    assert robustness_sentence([BLURRED]).startswith("none of the 1 corruptions is shown to lower")
    better = scores("blur", *[(50, 50)] * 5)
    assert better.half is None
    assert better.to_json(["a", "b"])["half_at"] is None


def test_a_class_without_images_is_not_the_hardest():
    clean = score_strength(0.0, np.eye(3)[LABELS], LABELS)
    turned = score_strength(5.0, np.eye(3)[1 - LABELS], LABELS)
    assert CorruptionScores(CORRUPTIONS["rotate"], clean, (turned,)).hardest_class == 0


def test_where_no_recall_falls_no_class_is_the_hardest():
    same = scores("rotate", *[(48, 48)] * 5)
    assert same.hardest_class is None
    assert same.to_json(["a", "b"])["hardest_class"] is None


def test_a_shown_loss_is_said_where_a_larger_mean_loss_is_not_shown():
    # Blur loses 6 points at every strength, and turning 17 at one: only the second is shown.
    blurred = scores("blur", *[(45, 45)] * 5)
    turned = scores("rotate", *[(48, 48)] * 4, (40, 39))
    assert blurred.mean_loss > turned.mean_loss
    assert (blurred.shown, turned.shown) == (False, True)
    assert robustness_sentence([blurred, turned]) == (
        "rotate is shown to lower its accuracy: from 96.0 % (90.2 to 98.4) on unchanged pictures "
        "to 79.0 % (70.0 to 85.8) on pictures turned by 45 degrees; milder strengths lose less "
        "than half of that"
    )
