"""A file is read once while it is the same file, and again when it is not."""

import os

import pytest

from toile.read_once import ReadOnce

LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "file", "one")


def write(path, text):
    """`text` in a new file of an old time in the place of `path`."""
    new = path.with_name("new")
    new.write_text(text)
    os.utime(new, LONG_AGO)
    return new.rename(path)


@pytest.fixture
def ask(file):
    """Ask for the file's text; tells how often it was read by then."""
    kept, read = ReadOnce(2), []

    def asked(path=file, **more):
        text = kept.of((str(path),), lambda: read.append(path) or path.read_text(), **more)
        return text, len(read)

    return asked


def test_it_is_read_once(ask):
    assert [ask(), ask()] == [("one", 1), ("one", 1)]


def test_a_file_in_its_place_is_read_though_time_and_size_are_the_same(ask, file):
    ask()
    write(file, "two")
    assert ask() == ("two", 2)


def test_one_written_further_is_read_though_its_time_is_the_same(ask, file):
    ask()
    with file.open("a") as more:
        more.write(" and two")
    os.utime(file, LONG_AGO)
    assert ask() == ("one and two", 2)


def test_what_else_it_is_made_of_counts(ask):
    assert [ask(also=1), ask(also=1), ask(also=2)] == [("one", 1), ("one", 1), ("one", 2)]


def test_what_is_not_to_be_kept_and_what_was_written_just_now_are_read_each_time(ask, file):
    assert [ask(keep=str.isupper), ask(keep=str.isupper)] == [("one", 1), ("one", 2)]
    # Later than any clock: a file of this very moment.
    os.utime(file, (9_000_000_000, 9_000_000_000))
    assert [ask(), ask()] == [("one", 3), ("one", 4)]


def test_one_that_is_not_there_yet_is_read_when_it_comes(tmp_path):
    kept, path = ReadOnce(2), tmp_path / "file"
    there = [kept.of((str(path),), path.exists)]
    write(path, "one")
    assert [*there, kept.of((str(path),), path.exists)] == [False, True]


def test_those_asked_for_last_are_kept(ask, file, tmp_path):
    second, third = write(tmp_path / "second", "2"), write(tmp_path / "third", "3")
    ask(), ask(second), ask(), ask(third)
    assert ask() == ("one", 3)
    assert ask(second) == ("2", 4)


def test_what_fails_is_tried_again(tmp_path):
    kept = ReadOnce(2)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            kept.of((str(tmp_path / "none"),), (tmp_path / "none").read_text)
