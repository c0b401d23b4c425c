import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from toile.errors import ToileError
from toile.report import class_means_figure, picture_grid


def colours(figure: Figure) -> set[tuple[int, ...]]:
    """The colours that fill at least a thousand points of the drawn figure."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as png:
        points = np.asarray(png.convert("RGB")).reshape(-1, 3)
    kinds, counts = np.unique(points, axis=0, return_counts=True)
    return {tuple(kind.tolist()) for kind, count in zip(kinds, counts, strict=True) if count > 1000}


def test_a_picture_of_one_grey_is_drawn_in_that_grey() -> None:
    figure = picture_grid(np.full((1, 1, 8, 8), 77, np.uint8), ["flat"])

    assert (77, 77, 77) in colours(figure)


def test_all_three_channels_are_drawn() -> None:
    pixels = np.zeros((1, 3, 8, 8), np.uint8)
    pixels[0, 0], pixels[0, 2] = 200, 50

    assert (200, 0, 50) in colours(picture_grid(pixels, ["rgb"]))


@pytest.mark.parametrize("n", [1, 2, 7, 101, 400])
def test_no_picture_is_dropped(n: int) -> None:
    figure = picture_grid(np.zeros((n, 1, 2, 3), np.uint8), [str(i) for i in range(n)])

    (axes,) = figure.axes
    assert len(axes.images) == n
    assert [text.get_text() for text in axes.texts] == [str(i) for i in range(n)]


def test_pictures_stand_row_by_row_and_do_not_overlap() -> None:
    (axes,) = picture_grid(np.zeros((3, 1, 4, 4), np.uint8), list("abc"), columns=2).axes

    first, second, third = (image.get_extent() for image in axes.images)
    assert first[1] < second[0]
    assert first[3] == second[3]
    assert third[0] == first[0]
    assert third[3] > first[2]


@pytest.mark.parametrize("n", [0, 401])
def test_none_or_too_many_are_refused(n: int) -> None:
    with pytest.raises(ToileError, match=f"got {n} pictures; it shows 1 to 400"):
        picture_grid(np.zeros((n, 1, 2, 2), np.uint8), [""] * n)


def test_mean_pictures_are_rounded_and_an_empty_class_is_black() -> None:
    means = np.stack([np.full((1, 4, 4), 99.6), np.full((1, 4, 4), np.nan)])

    drawn = colours(class_means_figure(means, ["grey", "empty"]))

    assert {(100, 100, 100), (0, 0, 0)} <= drawn
