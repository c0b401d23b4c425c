"""A run is deleted by a name that can mean no other folder, and never while it is trained."""

import json
import os
import shutil

import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.runs import Entry, Run, RunsFolder, contents_of, open_run, runs_folder
from toile.runs.state import State, write_state

STATE = State("finished", "bars", "bars", 0, 3, "2026-01-01T00:00:00+0000", 5)


def make(folder, **fields):
    folder.mkdir(parents=True)
    write_state(folder, State(**(vars(STATE) | fields)))
    return Run(folder)


def find(name):
    return RunsFolder().find_to_remove(name)


def remove(kept):
    RunsFolder().remove(kept)


def test_a_name_is_a_runs_and_a_path_has_a_slash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept, here = make(runs_folder() / "alike"), make(tmp_path / "alike")
    make(tmp_path / "only-here")
    assert find("alike").folder == kept.folder
    assert find("./alike").folder.samefile(here.folder)
    assert find("last").folder == kept.folder
    with pytest.raises(ToileError, match=r"only-here here is a run: \./only-here means it"):
        find("only-here")


@pytest.mark.parametrize("name", ["", "nothing", "./nothing", "..", "notes", "./notes", "x" * 300])
def test_what_is_no_run_is_not_deleted(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "notes", runs_folder() / "notes"):
        folder.mkdir()
        (folder / "recipe.yaml").write_text("mine")
        (folder / "notes.txt").write_text("mine")
    with pytest.raises(ToileError, match="no run"):
        find(name)


def test_a_removed_run_is_gone():
    run = make(runs_folder() / "a")
    remove(Entry("run", run.folder, 0.0))
    assert not run.folder.exists()


def test_what_a_kill_left_of_a_runs_making_can_be_deleted():
    folder = runs_folder() / "20260101-000000-bars-aaaa"
    folder.mkdir()
    parts = ("recipe.yaml", "data.json", "pictures.safetensors", ".lock", ".state.json.99.tmp")
    for name in parts:
        (folder / name).write_text("")
    remove(find(folder.name))
    assert not folder.exists()


def test_a_removal_that_is_cut_short_leaves_a_run_that_can_be_removed(monkeypatch, tmp_path):
    """Whichever file it is cut short at; of a run elsewhere, which has no bin."""
    run = make(tmp_path / "a")
    names = ("recipe.yaml", "history.jsonl", "last.safetensors")
    for name in names:
        (run.folder / name).write_text("")
    unlink = os.unlink
    for left in reversed(range(len(names))):

        def cut_short(path, *args, left=left, **kwargs):
            if len(list(run.folder.iterdir())) <= 2 + left:
                raise KeyboardInterrupt
            unlink(path, *args, **kwargs)

        with monkeypatch.context() as patched:
            patched.setattr(os, "unlink", cut_short)
            with pytest.raises(KeyboardInterrupt):
                remove(Entry("run", run.folder, 0.0))
        assert find(str(run.folder)).folder == run.folder
    remove(find(str(run.folder)))
    assert not run.folder.exists()


def test_a_run_in_training_is_not_deleted_whatever_its_state_says():
    run = make(runs_folder() / "a", status="running")
    with file_lock(run.folder):
        with pytest.raises(ToileError, match=f"is running \\(process {os.getpid()}\\)"):
            remove(Entry("run", run.folder, 0.0))
        write_state(run.folder, State(**(vars(STATE) | {"status": "stopped"})))
        with pytest.raises(ToileError, match="is in use by another process"):
            remove(Entry("run", run.folder, 0.0))
        (run.folder / "state.json").write_text("{")
        with pytest.raises(ToileError, match="is in use by another process"):
            remove(Entry("run", run.folder, 0.0))
    remove(Entry("run", run.folder, 0.0))
    assert not run.folder.exists()


def test_a_link_is_left_alone(tmp_path):
    run = make(tmp_path / "a")
    (runs_folder() / "link").symlink_to(run.folder)
    with pytest.raises(ToileError, match="is a link"):
        remove(find("link"))
    assert run.folder.exists()


def test_files_that_are_not_a_runs_are_told_before_they_go(trained):
    folder = trained.run.folder
    assert contents_of(Entry("run", trained.run.folder, 0.0)).foreign == ()
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("twelve bytes")
    contents = contents_of(Entry("run", trained.run.folder, 0.0))
    assert contents.foreign == ("notes",)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert contents.num_files == len(files)
    assert contents.num_bytes == sum(len(path.read_bytes()) for path in files)


def test_a_folder_that_may_not_be_written_is_said(shared_folder, as_anyone):
    run = make(shared_folder / "a")
    with as_anyone(), pytest.raises(ToileError, match="cannot be written: Permission denied"):
        remove(Entry("run", run.folder, 0.0))
    assert json.loads((run.folder / "state.json").read_text())
    assert open_run(run.folder) == run
    shutil.rmtree(run.folder)


def test_a_model_card_is_a_runs_own(tmp_path):
    run = make(runs_folder() / "carded")
    (run.folder / "model-card.md").write_text("# carded")
    assert contents_of(find("carded")).foreign == ()
