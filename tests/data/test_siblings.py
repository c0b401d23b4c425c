"""Who names one part of a set is told of the others beside it."""

import pytest

from tests.field.drawing import class_folders
from toile.data import load_data
from toile.data.siblings import sibling_parts
from toile.errors import ToileError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Two parts of class folders, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache"))
    for seed, part in enumerate(("train", "test")):
        class_folders(tmp_path / "set" / part, "ABC", 6, seed=seed)
    return tmp_path


def test_a_part_that_is_read_alone_says_what_lies_beside_it():
    note = "not read: test beside train; name set to read all as one set"
    assert load_data("set/train").notes == (note,)
    # The note is of where it lies, and so in no cache.
    assert load_data("set/train").notes == (note,)
    assert load_data("set").notes == ()


def test_what_cannot_be_read_alone_says_that_the_whole_may_be(here):
    (here / "set" / "train.csv").write_text("file,label\n1.png,A\n")
    with pytest.raises(ToileError, match=r"Beside it: test, train; name set to read all as one"):
        load_data("set/train.csv")


def test_other_names_are_no_parts(here):
    assert sibling_parts(here / "set") == []
    (here / "set" / "test").rename(here / "set" / "more")
    assert sibling_parts(here / "set" / "train") == []
    assert load_data("set/train").notes == ()
