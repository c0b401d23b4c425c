"""`data.label_column` by name: it is learnt, or refused in words, and never passed over."""

import numpy as np
import pytest
from PIL import Image

from toile.data import load_data
from toile.errors import ToileError

WITHOUT_NAMES = ("idx", "npz", "folder", "zip")


@pytest.mark.parametrize("form", WITHOUT_NAMES)
def test_a_form_without_named_columns_refuses_a_name(write, form):
    path = write(form)
    with pytest.raises(
        ToileError, match=r"column is age, and this format has no columns with names"
    ):
        load_data(path, label_column="age")
    assert load_data(path, label_column="last").class_names == ("0", "1", "2")


def pixels_as_text(file, header: str, *labels):
    rows = [
        ",".join([*map(str, row), " ".join(map(str, range(number, number + 16)))])
        for number, row in enumerate(zip(*labels, strict=True))
    ]
    file.write_text("\n".join([header, *rows]))
    return file


def test_of_pixels_in_one_cell_the_named_column_is_the_label(tmp_path):
    emotions, ages = [0, 1] * 10, [20, 30, 40, 50] * 5
    file = pixels_as_text(tmp_path / "faces.csv", "emotion,Age,pixels", emotions, ages)
    assert load_data(file).class_names == ("0", "1")
    by_age = load_data(file, label_column="age", test=0)
    assert by_age.class_names == ("20", "30", "40", "50")
    assert by_age.train.labels.tolist() == [0, 1, 2, 3] * 5
    # As runs were trained: what is called emotion is the label, unless a column is named.
    assert load_data(file, label_column="last").class_names == ("0", "1")
    for wrong in ("nope", "pixels"):
        with pytest.raises(
            ToileError, match=f"label_column is {wrong}, and the columns beside the pixels are emot"
        ):
            load_data(file, label_column=wrong)


def test_a_column_of_pixels_is_no_label(tmp_path):
    rows = [[number % 2, *range(number, number + 16)] for number in range(20)]
    header = ["label", *(f"pixel{number}" for number in range(16))]
    file = tmp_path / "set.csv"
    file.write_text("\n".join(",".join(map(str, row)) for row in (header, *rows)))
    with pytest.raises(ToileError, match=r"pixel3, which is a column of pixels.*one of label"):
        load_data(file, label_column="pixel3")


@pytest.fixture
def labelled(tmp_path):
    """Loose pictures beside a table with two columns that may be classes."""
    rng = np.random.default_rng(1)
    lines = ["file,label,size"]
    for number in range(20):
        pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02}.png")
        lines.append(f"{number:02}.png,{'ab'[number % 2]},{'xyz'[number % 3]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.parametrize(
    ("column", "classes"),
    [("auto", "ab"), ("size", "xyz"), ("Size", "xyz"), ("first", "ab"), ("last", "ab")],
)
def test_of_a_table_beside_pictures_the_named_column_is_the_label(labelled, column, classes):
    assert load_data(labelled, label_column=column).class_names == tuple(classes)


def test_a_column_that_such_a_table_has_not_is_refused(labelled):
    with pytest.raises(
        ToileError, match="which is nope, is none of its other columns, label, size"
    ):
        load_data(labelled, label_column="nope")
