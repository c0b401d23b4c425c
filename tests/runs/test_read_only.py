"""A folder that may be read and not written is refused in a sentence by all that would write."""

import encodings.cp437  # noqa: F401 - zipfile asks for it late, when root has become anyone
from contextlib import ExitStack

import pytest

from toile.errors import ToileError
from toile.runs import RunsFolder, bundle_run, list_runs, open_run, read_ledger, unpack_bundle
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest
from toile.studies.live import hold_study

FACTS = {"weights": "last", "recipe": "r", "data": "d", "source": "/data"}


@pytest.fixture
def kept(make_recorder, shared_folder):
    """A folder with a finished run that anyone may read, its bundle beside it."""
    recorder = make_recorder(shared_folder / "one")
    list(recorder.record())
    bundle_run(recorder.run, shared_folder / "two.zip")
    return shared_folder


def test_a_run_is_not_gone_on_with(kept, make_recorder, as_anyone):
    recorder = make_recorder(kept / "one", restored=True)
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*")}
    with as_anyone(), pytest.raises(ToileError, match="one cannot be written: Permission denied"):
        next(recorder.record())
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*")} == before


def test_no_look_is_taken_and_no_bundle_unpacked_there(kept, as_anyone):
    with as_anyone():
        with pytest.raises(ToileError, match="cannot be written: Permission denied"):
            write_look([kept], LookRequest(run="one", test="t", **FACTS), "to know")
        with pytest.raises(ToileError, match="cannot be written: Permission denied"):
            unpack_bundle(kept / "two.zip", lambda run: None, kept)
    assert read_ledger(kept) == ()


def test_no_study_is_begun_there(kept, as_anyone):
    with as_anyone(), pytest.raises(ToileError, match="cannot be made a study's folder"):
        hold_study(kept / "study", ExitStack())


def test_what_is_there_is_still_listed_and_read(kept, as_anyone, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(kept))
    with as_anyone():
        assert [one.state.status for one in list_runs()] == ["finished"]
        assert [one.name for one in RunsFolder().entries("run", "study")] == ["one"]
        assert open_run("one").results.epochs == 3
