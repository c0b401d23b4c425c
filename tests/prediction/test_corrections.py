import numpy as np
import pytest

from toile.data import Picture
from toile.errors import ToileError
from toile.prediction import PictureCorrections
from toile.prediction.step import Notes

PIXELS = np.arange(8, dtype=np.uint8).reshape(1, 2, 4)


def corrected(**words) -> tuple[np.ndarray, list[str]]:
    notes = Notes()
    picture = PictureCorrections(**words).of(Picture(PIXELS), notes)
    return picture.pixels[0], [step.name for step in notes.steps]


def test_a_quarter_turn_to_the_right_brings_the_left_column_to_the_top():
    pixels, steps = corrected(turns=1)
    assert pixels.tolist() == [[4, 0], [5, 1], [6, 2], [7, 3]]
    assert steps == ["Turned by you"]
    assert corrected(turns=4)[0].tolist() == PIXELS[0].tolist()


def test_what_is_cut_off_is_cut_after_the_turn():
    assert corrected(cut=(0.25, 0.0, 0.5, 0.0))[0].tolist() == [[1], [5]]
    assert corrected(turns=1, cut=(0.0, 0.5, 0.0, 0.0))[0].tolist() == [[6, 2], [7, 3]]


def test_nothing_left_is_refused_and_nothing_corrected_is_no_step():
    with pytest.raises(ToileError, match="leave something of the picture"):
        corrected(cut=(0.5, 0.0, 0.5, 0.0))
    pixels, steps = corrected()
    assert (pixels.tolist(), steps) == (PIXELS[0].tolist(), [])
