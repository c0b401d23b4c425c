"""What is deleted stays in a bin, from which it comes back as it was; nothing else sees the bin."""

import hashlib
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.runs import (
    Entry,
    Run,
    RunsFolder,
    list_runs,
    open_run,
    read_ledger,
    runs_folder,
)
from toile.runs.layout import MARKERS
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest
from toile.runs.state import State, write_state

STATE = State("finished", "bars", "bars", 0, 3, "2026-01-01T00:00:00+0000", 5)


def make(name, kind="run", folder=None, **fields):
    place = (folder or runs_folder()) / name
    place.mkdir(parents=True)
    if kind == "run":
        write_state(place, replace(STATE, **fields))
    else:
        (place / MARKERS[kind]).write_text("{}")
    return Entry(kind, place, os.path.getmtime(place / MARKERS[kind]))


def remove(*kept):
    return RunsFolder().remove(*kept)


def names():
    return sorted(one.name for one in RunsFolder().entries())


def files(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.parametrize("kind", MARKERS)
def test_what_was_deleted_comes_back_as_it_was(kind):
    one = make("one", kind)
    (one.folder / "mine.txt").write_text("mine")
    before = files(one.folder)
    assert remove(one) == []
    assert names() == []
    (binned,) = RunsFolder().binned()
    assert (binned.name, binned.entry.kind) == ("one", kind)
    assert binned.num_bytes >= 4
    assert RunsFolder().restore("one") == [one]
    assert files(one.folder) == before
    assert RunsFolder().binned() == []
    assert list((runs_folder() / ".bin").iterdir()) == []


def test_without_a_name_all_of_the_last_deletion_comes_back():
    first, *others = [make(name) for name in ("a", "b", "c")]
    remove(first)
    remove(*others)
    age(first, timedelta(days=1))
    assert [one.name for one in RunsFolder().restore()] == ["b", "c"]
    assert [one.name for one in RunsFolder().restore()] == ["a"]
    with pytest.raises(ToileError, match="is empty; there is nothing to bring back"):
        RunsFolder().restore()


def age(kept, by):
    """Let the deletion of `kept` be so much older."""
    (one,) = [one for one in RunsFolder().binned() if one.name == kept.name]
    when = (datetime.now(UTC) - by).strftime("%Y%m%dT%H%M%SZ")
    deletion = one.entry.folder.parent
    deletion.rename(deletion.with_name(f"{when}-{deletion.name[-8:]}"))


def test_a_name_that_is_taken_by_now_brings_nothing_back():
    remove(make("a"), make("b"))
    make("b", "study")
    with pytest.raises(ToileError, match="b is there already; give that another name first"):
        RunsFolder().restore("a", "b")
    assert names() == ["b"]
    RunsFolder().rename("b", "c")
    RunsFolder().restore("a", "b")
    assert names() == ["a", "b", "c"]


def test_of_two_of_a_name_the_last_deleted_comes_back():
    older = make("one")
    remove(older)
    age(older, timedelta(days=2))
    newer = make("one", "study")
    remove(newer)
    assert RunsFolder().restore("one")[0].kind == "study"


def test_what_is_not_in_the_bin_is_said_with_the_nearest():
    remove(make("filters"), make("filters-2"), make("quick"))
    with pytest.raises(ToileError, match=r"called fliters; .*--list-bin .*did you mean filters\?$"):
        RunsFolder().restore("fliters")
    with pytest.raises(ToileError, match="fil fits 2 names in the bin"):
        RunsFolder().restore("fil")
    assert RunsFolder().restore("qui")[0].name == "quick"


def test_no_listing_and_no_name_sees_what_is_in_it():
    remove(make("one"), make("two", "study"))
    make("three")
    assert names() == ["three"]
    assert [one.run.id for one in list_runs()] == ["three"]
    assert open_run("last").id == "three"
    with pytest.raises(ToileError, match=r"no run in .* is called one"):
        open_run("one")
    assert RunsFolder().find("two") is None


def test_its_looks_stay_in_the_ledger_and_looks_inside_it_are_kept():
    one = make("study", "study")
    inner = runs_folder() / "study"
    write_look([inner], LookRequest("study/8-1", "last", "r", "d", "t", "data"), "inside")
    write_look([runs_folder()], LookRequest("study/8-1", "last", "r", "d", "t", "data"), "outside")
    looks = read_ledger()
    remove(one)
    assert [look.id for look in read_ledger()] == [look.id for look in looks]
    RunsFolder().restore()
    assert [look.id for look in read_ledger()] == [look.id for look in looks]


def test_who_knows_a_run_by_its_weights_finds_it_in_the_bin():
    remove(make("one"), make("search", "search"))
    (run,) = RunsFolder().runs_called("one")
    assert run.folder.parent.parent == runs_folder() / ".bin"
    assert RunsFolder().runs_called("two") == ()


def test_what_is_trained_goes_into_no_bin():
    one, study = make("one", status="running"), make("study", "study")
    reading = make("8-1", folder=study.folder / "readings")
    with file_lock(one.folder), pytest.raises(ToileError, match="one is running"):
        remove(one)
    with file_lock(reading.folder), pytest.raises(ToileError, match="8-1 is in use by another"):
        remove(study)
    assert names() == ["one", "study"]


def test_what_lies_elsewhere_or_was_never_whole_is_deleted_for_good(tmp_path):
    elsewhere, study = make("one", folder=tmp_path), make("study", "study")
    reading = make("8-1", folder=study.folder / "readings")
    torn = Entry("run", runs_folder() / "torn", 0.0)
    torn.folder.mkdir()
    (torn.folder / "recipe.yaml").touch()
    for one in (elsewhere, reading, torn):
        assert not RunsFolder().can_come_back(one)
        remove(one)
        assert not one.folder.exists()
    assert RunsFolder().can_come_back(study)
    assert RunsFolder().binned() == []


def test_after_thirty_days_it_is_gone_with_the_next_deletion():
    old, new = make("old"), make("new")
    remove(old)
    remove(new)
    age(old, timedelta(days=31))
    age(new, timedelta(days=29))
    assert [one.name for one in remove(make("one"))] == ["old"]
    assert [one.name for one in RunsFolder().binned()] == ["one", "new"]


def test_emptied_it_holds_nothing_but_what_is_not_ours():
    remove(make("one"), make("two"))
    (runs_folder() / ".bin" / "mine").mkdir()
    assert [one.name for one in RunsFolder().empty_bin()] == ["one", "two"]
    assert [one.name for one in (runs_folder() / ".bin").iterdir()] == ["mine"]
    assert RunsFolder().empty_bin() == []


def test_a_kill_leaves_it_in_its_place_or_in_the_bin(monkeypatch):
    one = make("one")
    before = files(one.folder)

    def killed(*paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            remove(one)
    assert files(one.folder) == before
    assert RunsFolder().binned() == []
    remove(one)
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            RunsFolder().restore()
    RunsFolder().restore()
    assert files(one.folder) == before


def test_one_that_was_emptied_in_part_never_comes_back(monkeypatch):
    remove(make("one"))

    def killed(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            RunsFolder().empty_bin()
    assert RunsFolder().binned() == []
    make("two")
    remove(RunsFolder().named("two"))
    assert len(list((runs_folder() / ".bin").iterdir())) == 1


def test_a_link_is_left_alone(tmp_path):
    one = make("one", folder=tmp_path)
    (runs_folder() / "link").symlink_to(one.folder)
    with pytest.raises(ToileError, match="is a link"):
        remove(RunsFolder().find_to_remove("link"))
    assert Run(one.folder).folder.exists()
