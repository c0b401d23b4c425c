"""A run, a study, a search or a sheet gets a new name, and all that is said of it stays true."""

import os
import shutil
from dataclasses import asdict, replace

import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.files import write_atomically
from toile.recipe import recipe_text, with_settings, yaml_text
from toile.runs import (
    Entry,
    Run,
    RunsFolder,
    bundle_run,
    looks_of,
    read_ledger,
    runs_folder,
    unpack_bundle,
)
from toile.runs.layout import MARKERS, name_in_ledger
from toile.runs.ledger import is_of, write_look
from toile.runs.ledger_file import LookRequest
from toile.runs.state import State, read_state, write_state

STATE = State("finished", "bars", "bars", 0, 3, "2026-01-01T00:00:00+0000", 5)


def make(name, **fields):
    folder = runs_folder() / name
    folder.mkdir(parents=True)
    write_state(folder, replace(STATE, **fields))
    return Run(folder)


def rename(name, new):
    return RunsFolder().rename(name, new)


def look_at(run):
    name = name_in_ledger(run.folder)
    return write_look(
        [runs_folder()], LookRequest(name, "last", "r", "d", "t" * 64, "data"), "once"
    )


@pytest.fixture
def kept(trained):
    """A whole run among those kept."""
    return Run(shutil.copytree(trained.run.folder, runs_folder() / "one"))


def test_a_run_is_called_by_its_new_name_alone():
    make("one")
    assert rename("one", "two") == Entry("run", runs_folder() / "two", rename("two", "three").when)
    assert [one.name for one in RunsFolder().entries()] == ["three"]
    assert [one.name for one in Run(runs_folder() / "three").remarks.names] == ["one", "two"]


def test_who_holds_it_by_its_old_name_is_told_so(kept):
    rename("one", "two")
    with pytest.raises(ToileError, match="one is not there any more; if it was renamed, open it"):
        _ = kept.score


@pytest.mark.parametrize("kind", [kind for kind in MARKERS if kind != "run"])
def test_studies_searches_and_sheets_are_renamed_with_all_that_is_in_them(kind):
    inner = make("old/readings/8-1")
    (runs_folder() / "old" / MARKERS[kind]).write_text("{}")
    rename("old", "new")
    assert (runs_folder() / "new/readings/8-1/state.json").exists()
    assert not inner.folder.exists()


def test_looks_stay_its_own_and_are_not_those_of_who_has_its_old_name_now(kept):
    one = look_at(kept)
    renamed = Run(rename("one", "two").folder)
    later = make("one", created="2099-01-01T00:00:00+0000")
    assert looks_of(renamed) == looks_of(later) == read_ledger()
    assert is_of(one, renamed)
    assert not is_of(one, later)


def test_a_look_at_another_that_takes_the_old_name_is_not_its_own(kept):
    renamed = Run(rename("one", "two").folder)
    (look,) = [replace(look_at(make("one")), when="2099-01-01T00:00:00+0000")]
    assert not is_of(look, renamed)


def test_looks_at_readings_stay_theirs_where_their_study_is_renamed():
    reading = make("study/readings/8-1")
    (runs_folder() / "study" / "study.json").write_text("{}")
    one = look_at(reading)
    rename("study", "other")
    assert is_of(one, Run(runs_folder() / "other/readings/8-1"))
    assert not is_of(one, make("other/readings/8-2"))


def test_a_bundle_of_it_carries_its_looks_by_its_new_name(kept, tmp_path):
    write_look(
        [runs_folder()],
        LookRequest("one", "last", "r", "d", kept.data.test_fingerprint, "x"),
        "once",
    )
    renamed = Run(rename("one", "two").folder)
    path = bundle_run(renamed, tmp_path / "two.zip")
    run, manifest = unpack_bundle(path, lambda run: None, tmp_path / "elsewhere")
    assert (run.id, [look.run for look in manifest.looks]) == ("two", ["two"])


def test_who_knows_it_by_its_old_name_and_its_weights_finds_it():
    make("one")
    renamed = Run(rename("one", "two").folder)
    assert RunsFolder().runs_called("one") == RunsFolder().runs_called("two") == (renamed,)


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".bin", "last", "x" * 102, "a\x1b", "ledger.jsonl", "naïve", " a"]
)
def test_what_can_be_no_name_is_refused(name):
    make("one")
    with pytest.raises(ToileError, match="cannot be a name: it takes up to 101 letters"):
        rename("one", name)
    assert (runs_folder() / "one").exists()


def test_a_taken_name_is_refused_whatever_has_it():
    make("one")
    make("two")
    (runs_folder() / "notes").mkdir()
    (runs_folder() / "link").symlink_to("nowhere")
    for name in ("one", "two", "notes", "link"):
        with pytest.raises(ToileError, match=f"{name} is there already; take another name"):
            rename("one", name)


def test_what_is_trained_keeps_its_name_and_so_does_what_it_is_part_of():
    run = make("one", status="running")
    with file_lock(run.folder), pytest.raises(ToileError, match=r"one is running \(process"):
        rename("one", "two")
    reading = make("study/readings/8-1")
    (runs_folder() / "study" / "study.json").write_text("{}")
    with file_lock(reading.folder), pytest.raises(ToileError, match="8-1 is in use by another"):
        rename("study", "other")
    with pytest.raises(ToileError, match=r"8-1 is a part of .*study, which calls it so"):
        rename(reading.folder, "other")


@pytest.mark.parametrize("place", ["two", "study/readings/8-1", ".bin/2026-x/three"])
def test_a_run_that_others_began_with_keeps_its_name(kept, place):
    recipe = with_settings(kept.recipe, {"training.start.run": str(kept.folder.resolve())})
    make(place)
    write_atomically(
        runs_folder() / place / "recipe.yaml", recipe_text(recipe, complete=True).encode()
    )
    with pytest.raises(ToileError, match=r"one keeps its name: .*recipe\.yaml begins with"):
        rename("one", "new")


@pytest.mark.parametrize(
    ("file", "document"),
    [
        ("study.yaml", {"vary": {"training.start.run": {"a": "FOLDER", "b": "/elsewhere"}}}),
        ("study.yaml", {"levels": {"a": {"set": {"training.start": {"run": "FOLDER"}}}}}),
        ("sheet.yaml", {"exercises": [{"compare": {"first": {"run": "one"}}}]}),
    ],
)
def test_a_run_that_settings_name_keeps_its_name(kept, file, document):
    text = yaml_text(document).replace("FOLDER", str(kept.folder.resolve()))
    (runs_folder() / "it").mkdir()
    (runs_folder() / "it" / file).write_text(text)
    with pytest.raises(ToileError, match=f"one keeps its name: .*{file} begins with"):
        rename("one", "new")


def test_words_that_name_no_run_and_damaged_files_hinder_nothing(kept):
    for name, text in (("a", "name: one\nrun: other\n"), ("b", "run: [")):
        (runs_folder() / name).mkdir()
        (runs_folder() / name / "study.yaml").write_text(text)
    assert rename("one", "two").name == "two"


def test_a_kill_before_the_folder_is_renamed_leaves_it_as_it_was(kept, monkeypatch):
    one = look_at(kept)

    def killed(*paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            rename("one", "two")
    assert read_state(kept.folder).status == "finished"
    assert is_of(one, kept)
    assert is_of(one, Run(rename("one", "two").folder))


def test_its_state_is_not_touched():
    run = make("one")
    before = asdict(read_state(run.folder))
    assert asdict(read_state(rename("one", "two").folder)) == before
