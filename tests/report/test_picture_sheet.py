"""A sheet of pictures: all are there, nothing is cut, and what agrees is told by colour."""

import numpy as np
import pytest
from matplotlib.text import Text

from tests.report.test_narrow import GARMENTS, cut
from toile.errors import ToileError
from toile.report import NearPicture, SheetPicture, picture_sheet
from toile.report.theme import MUTED, TRAINING, VALIDATION

PIXELS = np.arange(72, dtype=np.uint8).reshape(1, 9, 8)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("num_nearest", [0, 5])
def test_every_picture_is_drawn_within_the_page(narrow, num_nearest):
    near = [NearPicture(PIXELS, "Ankle boot", 0.0123)] * num_nearest
    pictures = [SheetPicture(PIXELS, (name * 4, "98.1 %"), near) for name in GARMENTS]
    figure = picture_sheet(pictures, "The surest mistakes of a network", narrow)
    (page,) = figure.axes
    assert len(page.images) == len(GARMENTS) * (1 + num_nearest)
    for image in page.images:
        left, right, bottom, top = image.get_extent()
        assert 0 <= left < right <= page.get_xlim()[1]
        assert 0 <= top < bottom <= page.get_ylim()[0]
    assert cut(figure) == []


def test_a_neighbours_class_has_the_colour_of_what_it_agrees_with():
    near = [
        NearPicture(PIXELS, name, 0.5, agrees)
        for name, agrees in (("Coat", "true"), ("Dress", "answered"), ("Bag", ""))
    ]
    figure = picture_sheet([SheetPicture(PIXELS, ["7: Coat"], near)])
    colours = {text.get_text(): text.get_color() for text in figure.findobj(Text)}
    assert [colours[name] for name in ("Coat", "Dress", "Bag")] == [TRAINING, VALIDATION, MUTED]


def test_without_a_picture_there_is_no_sheet():
    with pytest.raises(ToileError, match="no pictures to show"):
        picture_sheet([])
