"""A run's page is of the run as it is when it is put into the folder."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import toile
from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.runs import Run
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest


@dataclass(frozen=True)
class Meanwhile(Run):
    """A run that something happens to, once, after its page has read note and star."""

    acts: list[Callable[[], object]]

    @property
    def imported(self) -> None:
        if self.acts:
            self.acts.pop()()


@pytest.fixture
def run(small):
    return toile.begin(small()).finish()


def test_a_note_that_comes_while_the_page_is_written_is_on_it(run):
    # There is no page yet that whoever gives the note could write anew.
    note = partial(toile.Workspace().note, run.name, "came late")
    path = toile.write_report(Meanwhile(run.folder, [note]))
    assert path == run.folder / "report.html"
    assert "Note: came late" in path.read_text()


def test_a_page_of_a_run_that_was_trained_on_meanwhile_is_not_kept(run):
    toile.write_report(run)
    go_on = partial(toile.resume, run, epochs=2)
    with pytest.raises(ToileError, match="was trained on while its page was written"):
        toile.write_report(Meanwhile(run.folder, [go_on]))
    # The training removed the one that was there.
    assert not (run.folder / "report.html").exists()
    assert list(run.folder.glob(".page.*")) == []
    assert toile.write_report(run).exists()


def test_a_look_that_comes_while_the_page_is_written_is_on_it(run):
    facts = {"run": run.name, "weights": "last", "recipe": "r", "data": "d", "source": "s"}
    request = LookRequest(test=run.data.test_fingerprint, **facts)
    look = partial(write_look, [run.folder.parent], request, "came late")
    path = toile.write_report(Meanwhile(run.folder, [look]))
    assert "came late" in path.read_text()


def test_a_page_is_left_as_it_was_while_another_holds_the_run(run):
    page = toile.write_report(run).read_bytes()
    toile.Workspace().note(run.name, "first")
    with file_lock(run.folder), pytest.raises(ToileError, match="in use by another process"):
        toile.write_report(run)
    assert b"first" in (run.folder / "report.html").read_bytes() != page


def test_a_page_written_while_it_trains_is_gone_when_the_training_ends(small):
    live = toile.begin(small(epochs=2))
    for event in live:
        if isinstance(event, toile.training.Epoch) and event.epoch == 1:
            assert "running" in toile.write_report(live.run).read_text()
    assert live.run.status == "finished"
    assert not (live.run.folder / "report.html").exists()


@pytest.fixture
def before_replacing(monkeypatch):
    """Has an act done, once, right before the first file of a name is put into its folder."""
    acts, replace = {}, os.replace

    def acting(draft, path):
        acts.pop(Path(path).name, lambda: None)()
        replace(draft, path)

    monkeypatch.setattr(os, "replace", acting)
    return acts


def test_a_page_that_is_there_just_after_its_training_has_ended_is_removed(small, before_replacing):
    live = toile.begin(small())
    events = iter(live)
    next(events)
    before_replacing["report.html"] = partial(list, events)
    with pytest.raises(ToileError, match="was trained on while its page was written"):
        toile.write_report(live.run)
    assert live.run.status == "finished"
    assert not (live.run.folder / "report.html").exists()


def test_a_page_that_is_written_while_its_training_ends_is_gone_afterwards(small, before_replacing):
    live, pages = toile.begin(small()), []
    before_replacing["results.json"] = lambda: pages.append(toile.write_report(live.run))
    live.finish()
    assert live.run.status == "finished"
    (page,) = pages
    assert not page.exists()
