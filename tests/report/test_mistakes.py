import numpy as np
import pytest

from toile.errors import ToileError
from toile.evaluation import Confusion
from toile.report import mistakes_figure, surest_mistakes
from toile.report.mistakes import Mistake

# Odds; the second and fourth image of class 0 are taken for class 1, the fourth more surely.
LOGITS = np.log(np.array([[2, 1], [1, 1.5], [1, 9], [1, 3]], np.float32))
LABELS = np.array([0, 0, 1, 0])
PAIR = Confusion(0, 1, 2, 2 / 3)


def test_the_surest_mistake_comes_first() -> None:
    first, second = surest_mistakes(LOGITS, LABELS, PAIR)
    assert (first.index, second.index) == (3, 1)
    assert (first.confidence, second.confidence) == pytest.approx((0.75, 0.6))
    assert surest_mistakes(LOGITS, LABELS, PAIR, most=1) == (first,)


def test_equally_sure_mistakes_keep_their_order() -> None:
    logits = np.log(np.array([[1, 3]] * 5, np.float32))
    found = surest_mistakes(logits, np.zeros(5, int), PAIR)
    assert [one.index for one in found] == [0, 1, 2, 3, 4]


def test_a_row_says_what_was_taken_for_what_and_shows_its_pictures(pixels: np.ndarray) -> None:
    mistakes = (Mistake(3, 0.75), Mistake(1, 0.6))

    figure = mistakes_figure([(PAIR, mistakes)], ["cat", "dog"], pixels)

    (axes,) = figure.axes
    said = [text.get_text() for text in axes.texts]
    assert said == ["cat", "taken for dog", "2 images, 66.7 % of the class", "75.0 %", "60.0 %"]
    # Picture i of the fixture has the one grey 60 i.
    assert [image.get_array()[0, 0] for image in axes.images] == [180, 60]


def test_nothing_mistaken_is_said(pixels: np.ndarray) -> None:
    with pytest.raises(ToileError, match="predicted right"):
        mistakes_figure([], ["cat", "dog"], pixels)
