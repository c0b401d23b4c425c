"""Tests run with shapes checked: of every call that speaks arrays, the first as the tenth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pytest
from beartype import beartype
from jaxtyping import Float, TypeCheckError, UInt8

from tests.shapes import has_shape, only_shapes
from toile.data import Images
from toile.evaluation import expected_calibration_error

ROW = Float[np.ndarray, " n"]
checked = only_shapes(typechecker=beartype)


@checked
def halved(row: ROW) -> ROW:
    return row[: len(row) // 2]


@checked
@dataclass(frozen=True)
class Pair:
    first: ROW
    second: ROW


class Doubling:
    @checked
    def method(self, row: ROW) -> ROW:
        return row * 2

    @checked
    @staticmethod
    def static(row: ROW) -> ROW:
        return row * 2

    @checked
    @classmethod
    def of_class(cls, row: ROW) -> ROW:
        return row * 2

    @checked
    @property
    def value(self) -> ROW:
        return np.zeros((2, 2))


def test_a_score_of_three_rows_and_two_labels_is_refused_however_often_it_is_asked():
    probabilities, labels = np.full((3, 2), 0.5), np.zeros(3, np.int64)
    for _ in range(2):
        with pytest.raises(TypeCheckError, match="labels"):
            expected_calibration_error(probabilities, labels[:2])
        assert expected_calibration_error(probabilities, labels) == 0.5


def test_a_dataclass_of_a_room_checks_what_it_is_made_of():
    with pytest.raises(TypeCheckError, match="pixels"):
        Images(np.zeros((2, 8, 8), np.uint8), np.zeros(2, np.int64))


def test_what_comes_back_is_held_to_the_shape_of_what_went_in():
    assert halved(np.zeros(0)).shape == (0,)
    with pytest.raises(TypeCheckError, match="return value"):
        halved(np.zeros(4))


def test_two_fields_of_one_length_are():
    Pair(np.zeros(3), np.zeros(3))
    with pytest.raises(TypeCheckError, match="second"):
        Pair(np.zeros(3), np.zeros(4))


@pytest.mark.parametrize("name", ["method", "static", "of_class"])
def test_every_kind_of_method_is_checked(name):
    method = getattr(Doubling(), name)
    assert method(np.ones(2)).tolist() == [2, 2]
    with pytest.raises(TypeCheckError, match="row"):
        method(np.ones((2, 2)))


def test_a_property_is_checked():
    with pytest.raises(TypeCheckError, match="value"):
        _ = Doubling().value


@pytest.mark.parametrize(
    "annotation",
    [
        ROW,
        ROW | None,
        dict[str, list[ROW]],
        tuple[int, ROW],
        Iterator[ROW],
        Callable[[ROW], int],
        Callable[[int], ROW],
        Annotated[ROW, "a row"],
        "UInt8[np.ndarray, ' n']",
        list["ROW"],
    ],
)
def test_a_shape_is_seen_wherever_it_stands_in_an_annotation(annotation):
    assert has_shape(annotation)


@pytest.mark.parametrize("annotation", [int, np.ndarray, list[int], Callable[..., int], Any, None])
def test_what_has_no_shape_is_left_as_it_is(annotation):
    def function(value: annotation) -> None: ...

    assert only_shapes(function, typechecker=beartype) is function
    assert has_shape(UInt8[np.ndarray, " n"])
