"""CSV: where the label is, and rows that are no images (the place is named)."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError


def change_row(file: Path, row: int, change) -> Path:
    """Replace one line, counted from 1, by what `change` makes of its cells."""
    lines = file.read_text().splitlines()
    lines[row - 1] = ",".join(change(lines[row - 1].split(",")))
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def train_csv(write) -> Path:
    return write("csv") / "toy_train.csv"


@pytest.mark.parametrize("cell", ["", "red", "nan", "inf", "1e400", "0x10", "1_0"])
def test_a_cell_that_is_no_number_is_named_by_row_and_column(train_csv, cell):
    change_row(train_csv, 5, lambda cells: [*cells[:6], cell, *cells[7:]])
    with pytest.raises(ToileError, match=r"toy_train.csv: row 5, column 7 is '.*'; every cell is"):
        load_data(train_csv.parent)


@pytest.mark.parametrize("cell", ["256", "-1", "4000"])
def test_a_pixel_out_of_range_is_named_by_row_and_column(train_csv, cell):
    change_row(train_csv, 5, lambda cells: [*cells[:6], cell, *cells[7:]])
    with pytest.raises(ToileError, match=rf"pixels go .* {cell} \(row 5, column 7\)"):
        load_data(train_csv.parent)
    with pytest.raises(ToileError, match=f"row 5, column 7 is {cell}; a pixel is .* 0 to 255"):
        load_data(train_csv.parent, rule=2)


def test_a_quote_that_nothing_closes_takes_the_rest_of_its_row(train_csv):
    change_row(train_csv, 5, lambda cells: [*cells[:6], '"', *cells[7:]])
    with pytest.raises(ToileError, match="row 5 has 7 columns; row 1 has 37"):
        load_data(train_csv.parent)


@pytest.mark.parametrize("label", ["-1", "1000"])
def test_a_label_out_of_range_is_named_by_row(train_csv, label):
    change_row(train_csv, 5, lambda cells: [label, *cells[1:]])
    with pytest.raises(ToileError, match=f"row 5 has label {label}; a label is .* 0 to 999"):
        load_data(train_csv.parent)


def test_a_ragged_row_is_named_with_both_counts(train_csv):
    change_row(train_csv, 5, lambda cells: cells[:-1])
    with pytest.raises(ToileError, match="row 5 has 36 columns; row 1 has 37"):
        load_data(train_csv.parent)


def test_rows_that_all_disagree_with_the_header(train_csv):
    change_row(train_csv, 1, lambda cells: [*cells, "id"])
    with pytest.raises(ToileError, match="row 2 has 37 columns; row 1 has 38"):
        load_data(train_csv.parent)


def test_a_row_far_down_a_long_file_is_named_as_an_editor_counts(tmp_path):
    rows = ["label" + ",pixel" * 100, *["0" + ",100" * 100] * 60_000]
    rows[50_000] = "0" + ",100" * 99 + ",red"
    (tmp_path / "long.csv").write_text("\n".join(rows))
    with pytest.raises(ToileError, match="row 50001, column 101 is 'red'"):
        load_data(tmp_path / "long.csv")


def test_an_empty_row_in_the_middle_is_named_and_one_at_the_end_is_not(train_csv):
    train_csv.write_text(train_csv.read_text() + "\n\n")
    assert len(load_data(train_csv.parent).train) == 12
    change_row(train_csv, 5, lambda cells: [""])
    with pytest.raises(ToileError, match="row 5 is empty"):
        load_data(train_csv.parent)


def test_whole_numbers_written_as_floats_are_read(train_csv, toy):
    for row in range(2, 14):
        change_row(train_csv, row, lambda cells: [f"{cell}.0" for cell in cells])
    assert np.array_equal(load_data(train_csv.parent).train.pixels[:, 0], toy.train_x)


def test_a_byte_order_mark_is_no_part_of_the_first_name(train_csv):
    train_csv.write_bytes(b"\xef\xbb\xbf" + train_csv.read_bytes())
    assert load_data(train_csv.parent).train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_utf_16_is_refused_by_name(train_csv):
    train_csv.write_text(train_csv.read_text(), encoding="utf-16")
    with pytest.raises(ToileError, match="is UTF-16 text; save it as UTF-8"):
        load_data(train_csv.parent)


def test_a_million_columns_are_refused_at_the_first_row(train_csv):
    train_csv.write_text("0," * 1_000_000 + "0\n")
    with pytest.raises(ToileError, match=r"row 1 has 1000001 columns; .* 16 to 196608 pixels"):
        load_data(train_csv.parent)


def test_a_row_without_end_is_refused_in_bounded_memory(train_csv):
    train_csv.write_bytes(b"0" * (3 << 20))
    with pytest.raises(ToileError, match="row 1 is longer than 2097152 bytes"):
        load_data(train_csv.parent)


def test_a_bomb_of_rows_stops_at_a_hundred_times_its_size(tmp_path):
    row = b"0," * 36 + b"0\n"
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(row * 400_000))
    with pytest.raises(ToileError, match="unpacks to more than 16777216 bytes"):
        load_data(tmp_path / "bomb.csv.gz")


def test_a_gzip_cut_short(train_csv):
    packed = gzip.compress(train_csv.read_bytes())
    file = train_csv.with_name("alone.csv.gz")
    file.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ToileError, match=r"alone.csv.gz: is damaged or cut short"):
        load_data(file)


@pytest.mark.parametrize(("text", "rule"), [("", "is empty"), ("label" + ",p" * 36, "no rows")])
def test_a_file_with_no_rows(train_csv, text, rule):
    train_csv.write_text(text)
    with pytest.raises(ToileError, match=rule):
        load_data(train_csv.parent)


def test_pixels_that_make_no_square(train_csv):
    rows = ["label" + ",p" * 20, *["0" + ",7" * 20] * 3]
    train_csv.write_text("\n".join(rows))
    with pytest.raises(ToileError, match="has 20 pixels in a row, which is no square number and"):
        load_data(train_csv.with_name("toy_train.csv").rename(train_csv.with_name("alone.csv")))


def test_where_both_ends_could_be_labels_the_setting_is_asked_for(tmp_path):
    rows = [[label, *range(100, 115), label] for label in (0, 1, 2, 0, 1, 2) * 5]
    rows = [[*row[:5], number, *row[6:]] for number, row in enumerate(rows)]
    file = tmp_path / "both.csv"
    file.write_text("\n".join(",".join(map(str, row)) for row in rows))
    with pytest.raises(ToileError, match=r"both the first and the last .* set data.label_column"):
        load_data(file)
    assert load_data(file, label_column="first", test=0.4).train.pixels[0, 0, 3, 3] in (0, 1, 2)


def test_where_neither_end_could_be_labels_the_setting_is_asked_for(tmp_path):
    file = tmp_path / "neither.csv"
    file.write_text("\n".join(["50" + ",9" * 15 + ",60"] * 3))
    with pytest.raises(ToileError, match="neither the first nor the last column could be labels"):
        load_data(file)


def test_a_label_in_the_middle_is_refused(train_csv):
    change_row(train_csv, 1, lambda cells: [*cells[1:4], "label", *cells[4:]])
    with pytest.raises(ToileError, match="column 4, 'label', is among the pixels; the label"):
        load_data(train_csv.parent)


@pytest.mark.parametrize("named", ["toy_train.csv", "toy_test.csv"])
def test_either_file_of_a_pair_names_both(train_csv, toy, named):
    dataset = load_data(train_csv.with_name(named))
    assert (len(dataset.train), len(dataset.test)) == (12, 6)


def test_two_columns_that_may_be_the_label_are_named(train_csv):
    change_row(train_csv, 1, lambda cells: ["kind", *cells[1:-1], "colour"])
    with pytest.raises(
        ToileError,
        match="has 'kind', 'colour' beside the pixels, and it is not clear which is the lab",
    ):
        load_data(train_csv.parent)


def test_a_test_file_without_labels_is_left_out_and_said(train_csv):
    test = train_csv.with_name("toy_test.csv")
    rows = [line.split(",", 1)[1] for line in test.read_text().splitlines()]
    test.write_text("\n".join(rows))
    (skipped,) = load_data(train_csv.parent).skipped
    assert (skipped.file, skipped.reason) == ("toy_test.csv", "has no labels and is left out")
    with pytest.raises(ToileError, match=r"toy_test.csv: has no column of labels; name toy_train"):
        load_data(test)


def test_a_test_file_of_other_pictures_is_refused_with_both_counts(train_csv):
    test = train_csv.with_name("toy_test.csv")
    rows = [",".join(line.split(",")[:26]) for line in test.read_text().splitlines()]
    test.write_text("\n".join(rows))
    with pytest.raises(
        ToileError, match=r"toy_test.csv: has 25 pixels in a row, toy_train.csv has 36"
    ):
        load_data(train_csv.parent)


def test_two_files_of_one_part_are_not_chosen_between(train_csv):
    train_csv.with_name("more.csv").write_text(train_csv.read_text())
    with pytest.raises(ToileError, match=r"more.csv and toy_train.csv are both .* name the one to"):
        load_data(train_csv.parent)


def test_kaggles_785_columns_are_read_row_by_row(tmp_path):
    header = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])
    rows = [f"{label}," + ",".join(str((label + n) % 256) for n in range(784)) for label in (9, 0)]
    for part in ("train", "test"):
        (tmp_path / f"fashion-mnist_{part}.csv").write_text("\n".join([header, *rows]))
    dataset = load_data(tmp_path)
    assert dataset.shape == (1, 28, 28)
    assert [dataset.class_names[label] for label in dataset.train.labels] == ["9", "0"]
    assert dataset.train.pixels[1, 0, 1, :3].tolist() == [28, 29, 30]
    assert dataset.release == "unknown"


def test_kaggles_pair_is_known_by_its_form_and_said_to_be_so(tmp_path):
    header = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])
    for part, num_images in (("train", 60_000), ("test", 10_000)):
        rows = [f"{label}" + ",0" * 783 + f",{label}" for label in range(10)] * (num_images // 10)
        text = "\n".join([header, *rows])
        (tmp_path / f"fashion-mnist_{part}.csv").write_text(text)
    dataset = load_data(tmp_path)
    assert dataset.release.startswith("Fashion-MNIST, Kaggle CSV by its form")
    assert "not those of the IDX release" in dataset.release
    assert dataset.class_names[6] == "Shirt"
    assert np.array_equal(open_sealed(dataset.test).labels[:10], np.arange(10))


def test_a_name_as_long_as_names_can_be_has_no_partner_and_is_read(train_csv):
    longest = train_csv.with_name("test".ljust(251, "x") + ".csv")
    train_csv.rename(longest)
    assert len(load_data(longest).train) > 0


def test_the_setting_names_a_column_of_labels(tmp_path):
    rows = [[number, number % 3, number % 2, *range(number, number + 16)] for number in range(30)]
    header = ["age", "Size", "class", *(f"p{number}" for number in range(16))]
    file = tmp_path / "named.csv"
    file.write_text("\n".join(",".join(map(str, row)) for row in (header, *rows)))
    assert load_data(file).class_names == ("0", "1")
    by_size = load_data(file, label_column="size", test=0)
    assert by_size.class_names == ("0", "1", "2")
    assert by_size.train.labels.tolist() == [number % 3 for number in range(30)]
    assert by_size.train.shape == (1, 4, 4)
    with pytest.raises(ToileError, match=r"is sizes, and the header has .*did you mean size"):
        load_data(file, label_column="sizes")
    headless = tmp_path / "headless.csv"
    headless.write_text("\n".join(",".join(map(str, row[1:])) for row in rows))
    with pytest.raises(ToileError, match="is size, and there is no header; it is auto, first"):
        load_data(headless, label_column="size")
