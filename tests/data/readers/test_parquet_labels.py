"""The labels of Parquet files: which column has them, and what they may be."""

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from tests.data.readers.test_parquet import CLASS, NAMES, features, png, write
from tests.memory import peak_mb
from toile.data import load_data
from toile.errors import ToileError

TEXTS = [NAMES[number % 3] for number in range(24)]


def test_texts_are_the_classes_that_the_features_name(tmp_path):
    dataset = load_data(write(tmp_path / "a.parquet", range(24), label=pa.array(TEXTS)), test=0)
    assert dataset.class_names == tuple(NAMES)
    assert dataset.train.labels.tolist() == [number % 3 for number in range(24)]
    file = write(tmp_path / "b.parquet", range(24), label=pa.array([*TEXTS[:-1], "hat"]))
    with pytest.raises(
        ToileError, match=r"label has the text hat, .* name the classes boot, ankle"
    ):
        load_data(file)


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_texts_are_read_however_they_are_coded(tmp_path, encoding):
    file = write(tmp_path / "a.parquet", range(24), None, label=pa.array(TEXTS))
    pq.write_table(
        pq.read_table(file), file, use_dictionary=False, column_encoding={"label": encoding}
    )
    dataset = load_data(file, test=0)
    assert [dataset.class_names[label] for label in dataset.train.labels] == TEXTS


def test_a_dictionary_may_have_words_that_no_picture_has(tmp_path):
    words = [*NAMES, *(f"word {number}" for number in range(2000)), "long" * 100]
    labels = pa.DictionaryArray.from_arrays(pa.array([n % 3 for n in range(24)]), pa.array(words))
    dataset = load_data(write(tmp_path / "a.parquet", range(24), None, label=labels), test=0)
    assert [dataset.class_names[label] for label in dataset.train.labels] == TEXTS


def test_captions_are_no_labels_and_refused_in_little_memory(tmp_path):
    file = tmp_path / "a.parquet"
    captions = [f"a shoe {number}" for number in range(20_000)]
    captions[100] = "x" * 200_000
    pq.write_table(pa.table({"image": [png(0)] * 20_000, "text": captions}), file)
    peak, message = peak_mb(f"load_data({str(file)!r})", "from toile.data import load_data")
    assert "its column text has more than 1000 different values" in message
    assert peak < 256


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY"])
def test_a_text_repeated_for_nothing_is_refused_in_little_memory(tmp_path, encoding):
    file = tmp_path / "a.parquet"
    labels = pa.array(["x" * 10_000_000] * 40 + ["a"])
    pq.write_table(
        pa.table({"image": [png(0)] * 41, "label": labels}),
        file,
        use_dictionary=["label"] if encoding == "PLAIN" else False,
        column_encoding=None if encoding == "PLAIN" else {"label": encoding},
        compression="none",
        write_statistics=False,
    )
    peak, message = peak_mb(f"load_data({str(file)!r})", "from toile.data import load_data")
    assert "the name of a class has at most 200 characters" in message
    assert peak < 400


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": pa.array([2**63 + 5] * 24, pa.uint64())}, "label has the number 92233720368547"),
        ({"label": pa.array([f"{n}" * 101 for n in range(10, 34)])}, "has the text 10101010"),
        ({"label": pa.array([5000] * 24)}, "row 0 has label 5000; a label is a class index"),
        ({"label": None, "width": pa.array([8, 9] * 12)}, "--set data.label_column=width"),
        ({"label": None, "id": pa.array([8, 9] * 12), "n": pa.array([1, 2] * 12)}, "id or n"),
    ],
)
def test_what_is_no_label_is_refused_in_words(tmp_path, columns, message):
    file = write(tmp_path / "a.parquet", range(24), None, **columns)
    with pytest.raises(ToileError, match=message):
        load_data(file)


def test_more_than_a_thousand_numbers_are_no_classes(tmp_path):
    table = pa.table({"image": [png(0)] * 1200, "label": list(range(1200))})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ToileError, match="label has more than 1000 different values"):
        load_data(tmp_path / "a.parquet")


def test_a_column_not_called_as_labels_may_be_said_to_be_theirs(tmp_path):
    file = write(tmp_path / "a.parquet", range(24), None, label=None, width=pa.array([8, 9] * 12))
    assert load_data(file, test=0, label_column="width").class_names == ("8", "9")
    said = features(kind=CLASS)
    file = write(tmp_path / "b.parquet", range(24), said, label=None, kind=pa.array([0, 1, 2] * 8))
    assert load_data(file, test=0).class_names == tuple(NAMES)
    file = write(tmp_path / "c.parquet", range(24), None, label=None, kind=pa.array(TEXTS))
    dataset = load_data(file, test=0)
    assert dataset.class_names == tuple(sorted(NAMES))
    assert "pictures and labels are the columns image and kind" in dataset.notes


def test_first_and_last_are_columns_beside_the_pictures(tmp_path):
    columns = {"label": None, "size": pa.array(["s", "m"] * 12), "label ": pa.array([1] * 24)}
    columns |= {"y": pa.array([0, 1, 2] * 8), "shop": pa.array(["x", "y", "z"] * 8)}
    file = write(tmp_path / "a.parquet", range(24), None, **columns)
    assert load_data(file, test=0, label_column="first").class_names == ("m", "s")
    assert load_data(file, test=0, label_column="last").class_names == ("x", "y", "z")
    assert load_data(file, test=0).class_names == ("0", "1", "2")


def test_a_column_whose_name_begins_as_that_of_the_labels_is_not_theirs(tmp_path):
    columns = {"label": None, "label.raw": pa.array([7] * 24), "image.raw": pa.array([b"x"] * 24)}
    said = features(image={"_type": "Image"}, label=CLASS)
    labels = pa.array([number % 3 for number in range(24)])
    file = write(tmp_path / "a.parquet", range(24), said, **columns)
    table = pq.read_table(file).append_column("label", labels)
    pq.write_table(table.select(["image.raw", "image", "label.raw", "label"]), file)
    assert load_data(file, test=0).train.labels.tolist() == labels.to_pylist()


@pytest.mark.parametrize("name", ["label", "image", "x"])
def test_two_columns_of_one_name_are_refused_as_that(tmp_path, name):
    table = pa.table({"image": [png(0)] * 9, "label": [0, 1, 2] * 3, "x": [0] * 9})
    file = tmp_path / "a.parquet"
    pq.write_table(table.append_column(name, table[name]), file)
    for setting in ("auto", "first", "label"):
        with pytest.raises(ToileError, match=f"has two columns called {name}; write it"):
            load_data(file, label_column=setting)


@pytest.mark.parametrize(
    ("names", "columns"),
    [(("image", "image"), ("label", "y")), (("image", "picture"), ("label", "category"))],
)
def test_shards_whose_columns_differ_are_refused_with_both(tmp_path, names, columns):
    for number, (picture, label) in enumerate(zip(names, columns, strict=True)):
        labels = {"label": None, label: pa.array([number, 1, 2] * 4)}
        write(tmp_path / f"train-{number}.parquet", range(12), None, picture, **labels)
    pairs = rf"columns {names[1]} and {columns[1]}, those of train-0.parquet image and label"
    with pytest.raises(ToileError, match=rf"train-1.parquet: .*{pairs}.*data.label_column=label"):
        load_data(tmp_path)


@pytest.mark.parametrize(
    ("first", "second"),
    [(range(3), NAMES), (NAMES[:2], range(3)), (range(3), ["0", "boot", "2"]), ([0, 1], NAMES)],
)
def test_shards_of_numbers_and_of_names_are_refused_and_not_classes_of_both(
    tmp_path, first, second
):
    for number, labels in enumerate((first, second)):
        file = tmp_path / f"train-{number}.parquet"
        write(file, range(6 * len(labels)), None, label=pa.array([*labels] * 6))
    with pytest.raises(ToileError, match=r"has numbers for labels, 0 among them, and train-\d.par"):
        load_data(tmp_path)


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        # Texts of digits are texts.
        (["0", "1", "9"], NAMES, "0"),
        (NAMES, ["0", "1", "2"], "0"),
        # Of integers, those that cannot be the indices of the names.
        ([0, 1, 9], NAMES, "0"),
        ([0, 4], NAMES, "0"),
    ],
)
def test_shards_sorted_by_classes_of_digits_and_of_names_are_classes_of_both_and_said(
    tmp_path, first, second, number
):
    for shard, labels in enumerate((first, second)):
        column = pa.array([labels[row % len(labels)] for row in range(12)])
        write(tmp_path / f"train-{shard}.parquet", range(12), None, label=column)
    dataset = load_data(tmp_path, test=0)
    assert set(dataset.class_names) == {str(label) for label in (*first, *second)}
    labels = [str(each[row % len(each)]) for each in (first, second) for row in range(12)]
    assert [dataset.class_names[label] for label in dataset.train.labels] == labels
    said = [note for note in dataset.notes if note.endswith(": each is a class of its own")]
    assert len(said) == 1
    assert f"has numbers for labels, {number} among them" in said[0]


def test_numbers_and_names_are_one_where_the_features_say_so_and_where_texts_are_both(tmp_path):
    for number, labels in enumerate((range(3), NAMES)):
        write(tmp_path / f"train-{number}.parquet", range(12), label=pa.array([*labels] * 4))
    dataset = load_data(tmp_path, test=0)
    assert dataset.class_names == tuple(NAMES)
    assert dataset.train.labels.tolist() == [0, 1, 2] * 8
    for number, labels in enumerate((["1", "2", "3"], ["1", "plus", "2"])):
        file = tmp_path / "signs" / f"train-{number}.parquet"
        write(file, range(12), None, label=pa.array(labels * 4))
    assert load_data(tmp_path / "signs", test=0).class_names == ("1", "2", "3", "plus")


SECRET = [
    {"label": pa.nulls(6)},
    {"label": None},
    {"label": None, "id": pa.array(range(6))},
    {"label": None, "name": pa.array("abcdef")},
    {"label": pa.array([-1] * 6)},
    {"label": pa.array([None] * 6, pa.string())},
]


@pytest.mark.parametrize("columns", SECRET)
def test_a_test_part_without_labels_is_left_out_and_said(tmp_path, columns):
    write(tmp_path / "train.parquet", range(18), None)
    write(tmp_path / "test.parquet", range(18, 24), None, **columns)
    dataset = load_data(tmp_path)
    assert "the test part is left out: its 6 pictures have no labels" in dataset.notes
    assert len(dataset.train) + len(dataset.test) == 18


def test_minus_one_is_a_class_where_it_is_learnt(tmp_path):
    write(tmp_path / "train.parquet", range(18), None, label=pa.array([-1, 1] * 9))
    write(tmp_path / "test.parquet", range(18, 24), None, label=pa.array([-1] * 6))
    dataset = load_data(tmp_path)
    assert (dataset.class_names, len(dataset.test)) == (("-1", "1"), 6)


def test_a_file_without_rows_is_passed_over_and_said(tmp_path):
    write(tmp_path / "train-0.parquet", range(0), None)
    write(tmp_path / "train-1.parquet", range(24), None)
    dataset = load_data(tmp_path, test=0)
    assert len(dataset.train) == 24
    assert "train-0.parquet is left out: it has no rows" in dataset.notes
    with pytest.raises(ToileError, match="has 0 rows"):
        load_data(tmp_path / "train-0.parquet")


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "PLAIN"])
def test_views_of_texts_and_bytes_are_read(tmp_path, encoding):
    pictures = pa.array([png(number) for number in range(24)], pa.binary_view())
    labels = pa.array(TEXTS, pa.string_view())
    file = write(tmp_path / "a.parquet", range(24), None, image=pictures, label=labels)
    pq.write_table(
        pq.read_table(file), file, use_dictionary=False, column_encoding={"label": encoding}
    )
    dataset = load_data(file, test=0)
    assert [dataset.class_names[label] for label in dataset.train.labels] == TEXTS
