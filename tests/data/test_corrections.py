"""Labels corrected in a file: what is learnt changes, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from tests.data.conftest import write_npz
from toile.data import (
    Correction,
    check_corrections,
    corrections_text,
    extended,
    load_data,
    name_corrections,
    read_corrections,
    split_data,
    suspected_corrections,
)
from toile.errors import ToileError
from toile.recipe import Data


@pytest.fixture
def plain(write):
    """The toy set as it is: four images each of the classes 0, 1 and 2."""
    return load_data(write("npz"))


@pytest.fixture
def file(plain, tmp_path):
    """Two corrections of it."""
    file = tmp_path / "fixes.csv"
    file.write_text(corrections_text(name_corrections(plain, {1: "2", 10: "0"}, "looked")))
    return file


@pytest.fixture
def corrected(plain, file):
    """The same set, learnt by them."""
    return load_data(plain.path, corrections=str(file))


def test_the_data_is_divided_and_scored_as_it_was_and_learnt_otherwise(plain, corrected):
    settings = Data(name="toy", validation=4, split=3)
    before, after = (split_data(data.train, settings) for data in (plain, corrected))
    assert np.array_equal(before.validation_indices, after.validation_indices)
    assert np.array_equal(before.selection, after.selection)
    assert np.array_equal(before.validation.labels, after.validation.labels)
    assert np.array_equal(before.train.pixels, after.train.pixels)
    learnt = np.setdiff1d(np.arange(12), after.validation_indices)
    expected = plain.train.labels.copy()
    expected[[1, 10]] = 2, 0
    assert np.array_equal(after.train.labels, expected[learnt])
    assert after.num_corrected == (expected != plain.train.labels)[learnt].sum()
    assert before.num_corrected == 0


def test_in_folds_each_image_keeps_its_label_where_it_scores(plain, corrected):
    for fold in range(3):
        held_out = split_data(corrected.train, Data(name="toy", folds=3, fold=fold)).validation
        whole = split_data(plain.train, Data(name="toy", folds=3, fold=fold)).validation
        assert np.array_equal(held_out.labels, whole.labels)


def test_the_fingerprint_is_that_of_data_which_has_these_labels(plain, corrected, toy, tmp_path):
    labels = toy.train_y.copy()
    labels[[1, 10]] = 2, 0
    stored = load_data(write_npz(tmp_path / "stored", replace(toy, train_y=labels)))
    assert corrected.fingerprint == stored.fingerprint != plain.fingerprint
    assert corrected.original_fingerprint == plain.fingerprint == plain.original_fingerprint
    # On its order the split depends, by the test part's fingerprint looks are counted.
    assert corrected.order == plain.order
    assert corrected.test_fingerprint == plain.test_fingerprint
    assert "2 of 12" in corrected.notes[-1]


def test_a_row_that_is_not_of_this_data_is_refused(plain, file, toy, tmp_path):
    swapped = toy.train_x.copy()
    # The same labels: as where a picture was added to the folder of a class.
    swapped[[0, 1]] = swapped[[1, 0]]
    other = write_npz(tmp_path / "other", replace(toy, train_x=swapped))
    with pytest.raises(ToileError, match="index 1 is another picture"):
        load_data(other, corrections=str(file))
    with pytest.raises(ToileError, match="is labelled 0, and not 1"):
        check_corrections(plain, [Correction(2, "1", "2")], "here")
    with pytest.raises(ToileError, match="from 0 to 11; labels of sealed"):
        check_corrections(plain, [Correction(12, "2", "1")], "here")
    with pytest.raises(ToileError, match="says 3, which is no class"):
        check_corrections(plain, [Correction(2, "0", "3")], "here")


def test_a_class_that_nothing_is_left_of_is_refused(plain, tmp_path):
    file = tmp_path / "all.csv"
    file.write_text("index,old,new\n0,0,1\n1,0,1\n2,0,1\n3,0,1\n")
    with pytest.raises(ToileError, match="leaves no training image of the class 0"):
        load_data(plain.path, corrections=str(file))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("index,old\n1,0\n", "lacks new"),
        ("index,old,new,label\n1,0,1,2\n", "has 'label'"),
        ("index,old,new\n", "has no rows"),
        ("index,old,new\n1,0,1\n1,0,2\n", "line 3: corrects index 1, as line 2 does"),
        ("index,old,new\n-1,0,1\n", "line 2: has the index '-1'"),
        ("index,old,new\n1,0,0\n", "line 2: corrects 0 to itself"),
        ("index,old,new\n1,0\n", "line 2: has 2 cells"),
        ("index,old,new,why,picture\n1,0,1,,xyz\n", "has the picture 'xyz'"),
        ("", "is empty"),
        ("\x00\n", "its first line"),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong_with_it(tmp_path, text, said):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(ToileError, match=said):
        read_corrections(file)


def test_a_file_reads_back_whatever_classes_are_called(tmp_path):
    rows = [
        Correction(7, "=cat", "-dog, wild", 'a "why"'),
        Correction(3, "'ox", "+", ""),
        Correction(8, "grey  cat", "grey cat"),
    ]
    file = tmp_path / "odd.csv"
    file.write_text(corrections_text(rows))
    assert "\n7,'=cat," in file.read_text()
    assert read_corrections(file)[0] == (rows[1], rows[0], rows[2])


@pytest.mark.parametrize("name", ["cat ", "'=cat"])
def test_a_class_that_would_be_read_as_another_is_not_written(name):
    with pytest.raises(ToileError, match=r"would be read from a correction file as '=?cat'"):
        corrections_text([Correction(7, "ox", name)])


def test_the_reason_is_written_on_one_line():
    text = corrections_text([Correction(7, "ox", "cat", "a\n long  why")])
    assert text.splitlines()[1] == "7,ox,cat,a long why,"


def test_suspects_are_taken_by_their_margin_the_surest_first(plain, tmp_path):
    file = tmp_path / "suspects.csv"
    file.write_text(
        "index,true,answered,probability,suspected,margin,file\n"
        "9,2,1,.9,1,.8,\n4,1,0,.8,0,.5,\n0,0,2,.5,2,.1,\n"
    )
    assert [row.index for row in suspected_corrections(plain, file)] == [9, 4, 0]
    assert [row.index for row in suspected_corrections(plain, file, least=0.5)] == [9, 4]
    (first,) = suspected_corrections(plain, file, most=1)
    assert (first.old, first.new, first.why) == (
        "2", "1", "confident learning, more probable by 80.0 points",
    )  # fmt: skip
    file.write_text("index,true,answered,probability,file\n9,2,1,.9,\n")
    with pytest.raises(ToileError, match="no evidence of a wrong label"):
        suspected_corrections(plain, file)


def test_two_corrections_of_an_image_have_to_agree():
    rows = [Correction(1, "0", "2")]
    assert extended(rows, [Correction(1, "0", "2", "again"), Correction(2, "0", "1")]) == [
        rows[0], Correction(2, "0", "1"),
    ]  # fmt: skip
    with pytest.raises(ToileError, match="corrected to 2 already, and now to 1"):
        extended(rows, [Correction(1, "0", "1")])
