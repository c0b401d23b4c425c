import base64
import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from toile.recipe import recipe_of
from toile.report.page.validation_summary import summarise_validation
from toile.runs import Validation

RECIPE = recipe_of({"network": ["flatten", {"dense": "classes"}]})


def validation(odds: Sequence[Sequence[float]], labels: list[int]) -> Validation:
    n = len(labels)
    logits = np.log(np.array(odds, np.float32))
    return Validation(logits, np.array(labels), np.arange(n), np.arange(n, dtype=np.uint8) % 2)


def test_the_surest_mistake_comes_first_with_its_own_picture_and_probability() -> None:
    answers = validation([[2, 1], [1, 1.5], [1, 9], [1, 3]], [0, 0, 1, 0])
    pixels = np.array([10, 20, 30, 40], np.uint8).reshape(4, 1, 1, 1).repeat(5, 2).repeat(6, 3)

    (pair,) = summarise_validation(RECIPE, answers, ["cat", "dog"], pixels).pairs

    assert (pair.true, pair.predicted, pair.confusion.count) == ("cat", "dog", 2)
    assert [one.confidence for one in pair.mistakes] == pytest.approx([0.75, 0.6])
    png = base64.b64decode(pair.mistakes[0].uri.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((6, 5), 40)


def test_large_colour_pictures_are_made_smaller() -> None:
    answers = validation([[1, 3], [1, 3]], [0, 1])

    (pair,) = summarise_validation(
        RECIPE, answers, ["a", "b"], np.zeros((2, 3, 256, 128), np.uint8)
    ).pairs

    png = base64.b64decode(pair.mistakes[0].uri.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as picture:
        assert (picture.size, picture.mode) == ((48, 96), "RGB")


def test_without_pictures_the_pairs_are_still_counted() -> None:
    (pair,) = summarise_validation(
        RECIPE, validation([[1, 3], [1, 3]], [0, 1]), ["a", "b"], None
    ).pairs

    assert pair.mistakes == ()


def test_the_scale_of_recalls_begins_a_tenth_below_the_lowest_interval() -> None:
    perfect = validation([[9, 1]] * 50 + [[1, 9]] * 50, [0] * 50 + [1] * 50)

    # Wilson's lower end for 50 of 50 is 50 / (50 + 1.96^2) = .929.
    assert summarise_validation(RECIPE, perfect, ["a", "b"], None).floor == 0.9
