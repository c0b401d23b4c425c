"""What is written down of a picture's way to the network."""

import numpy as np

from toile.prediction.step import MOST_PX, Notes


def test_a_picture_too_large_to_be_shown_whole_says_how_it_is_shown_once():
    notes = Notes()
    large = np.zeros((1, 30, 2 * MOST_PX), np.uint8)
    notes.step("As read", "2048 x 30 px, grey.", large)
    notes.step("Inverted", "As in training.", large)
    first, second = (one.sentence for one in notes.steps)
    assert first == "2048 x 30 px, grey. Shown here at 1024 x 15 px."
    assert second == "As in training."


def test_a_picture_that_is_shown_whole_says_nothing_of_it():
    notes = Notes()
    notes.step("As read", "28 x 28 px, grey.", np.zeros((1, 28, 28), np.uint8))
    assert notes.steps[0].sentence == "28 x 28 px, grey."
