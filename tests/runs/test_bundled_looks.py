"""The looks that a run's score had come with its bundle, or not at all."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.bundles import altered, assert_nothing_is_left, manifest_of
from toile import import_bundle
from toile.errors import ToileError
from toile.evaluation import Estimate
from toile.runs import (
    LookScore,
    Run,
    bundle_run,
    read_ledger,
    unpack_bundle,
    write_score,
)
from toile.runs.layout import name_in_ledger
from toile.runs.ledger import is_of, write_look
from toile.runs.ledger_file import LookRequest

SCORE = LookScore(Estimate(0.9, 0.8, 0.95, 100))


@pytest.fixture
def looked_at(trained, tmp_path) -> Path:
    """The bundle of a run whose test part was looked at once."""
    beside, test = trained.run.folder.parent, trained.run.data.test_fingerprint
    facts = {"weights": "last", "recipe": "r", "data": "d", "source": "/my/own/data"}
    look = write_look([beside], LookRequest(run="whole", test=test, **facts), "the end")
    write_score([beside], look, SCORE)
    return bundle_run(trained.run, tmp_path / "looked-at.zip")


def test_the_looks_its_score_had_are_counted_where_it_is_imported(trained, tmp_path):
    beside, test = trained.run.folder.parent, trained.run.data.test_fingerprint
    facts = {"weights": "last", "recipe": "r", "data": "d", "source": "/my/own/data"}
    look = write_look([beside], LookRequest(run="whole", test=test, **facts), "the end")
    write_score([beside], look, SCORE)
    write_look([beside], LookRequest(run="whole", test="another", **facts), "of other data")
    bundle = bundle_run(trained.run, tmp_path / "whole.zip")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_look([elsewhere], LookRequest(run="mine", test=test, **facts), "before")
    unpack_bundle(bundle, lambda run: None, elsewhere)
    with pytest.raises(ToileError, match="is there already"):
        unpack_bundle(bundle, lambda run: None, elsewhere)

    # By their times, which have whole seconds: either may come first.
    looks = {look.why: look for look in read_ledger(elsewhere)}
    assert set(looks) == {"before", "the end"}
    assert {look.number for look in looks.values()} == {1, 2}
    assert (looks["the end"].source, looks["the end"].score) == ("data", SCORE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": {"accuracy": 0.9}}, "a look's score has no accuracy"),
        ({"score": {"accuracy": {"value": 2, "low": 0, "high": 1, "n": 1}}}, "a look's score"),
        ({"when": "yesterday"}, "a look's time is 'yesterday'; it is written 20"),
        ({"test": "another"}, "a look is at the test part 'another', not at the run's"),
        ({"networks": 0}, "a look is of 0 networks"),
        ({"number": "first"}, "manifest.json is damaged"),
    ],
)
def test_a_look_that_no_ledger_would_hold_is_refused_with_its_bundle(
    trained, looked_at, tmp_path, change, said
):
    (look,) = json.loads(manifest_of(looked_at))["looks"]
    path = altered(looked_at, {"manifest.json": manifest_of(looked_at, looks=[look | change])})
    with pytest.raises(ToileError, match=said):
        import_bundle(path, tmp_path / "elsewhere")
    assert_nothing_is_left(tmp_path)


def test_a_refused_bundle_leaves_no_look_behind(looked_at, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    refused = altered(looked_at, {"results.json": b"{"})
    with pytest.raises(ToileError, match=r"results\.json"):
        import_bundle(refused, elsewhere)
    assert read_ledger(elsewhere) == ()
    # Also one that is refused where its place is taken, last of all.
    (elsewhere / "whole").mkdir()
    (elsewhere / "whole" / "mine.txt").write_text("mine")
    with pytest.raises(ToileError, match="is there already"):
        import_bundle(looked_at, elsewhere)
    assert read_ledger(elsewhere) == ()


def test_a_run_that_cannot_be_put_in_its_place_takes_its_looks_with_it(
    looked_at, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    replace = os.replace

    def fail(source, target):
        if Path(target).name == "whole":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        with pytest.raises(ToileError, match="No space left"):
            import_bundle(looked_at, elsewhere)
    assert read_ledger(elsewhere) == ()
    import_bundle(looked_at, elsewhere)
    assert len(read_ledger(elsewhere)) == 1


def test_thousands_of_looks_are_written_at_once(looked_at, tmp_path, monkeypatch):
    (look,) = json.loads(manifest_of(looked_at))["looks"]
    looks = [look | {"why": str(n), "id": str(n)} for n in range(3000)]
    path = altered(looked_at, {"manifest.json": manifest_of(looked_at, looks=looks)})
    syncs, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (syncs.append(handle), sync(handle)))
    unpack_bundle(path, lambda run: None, tmp_path / "elsewhere")
    assert len(read_ledger(tmp_path / "elsewhere")) == 3000
    # Two for each of ten files of the run, and a few more: none for each look.
    assert len(syncs) < 50


def test_looks_from_before_they_had_an_id_come_once(trained, looked_at, tmp_path):
    (look,) = json.loads(manifest_of(looked_at))["looks"]
    del look["id"]
    path = altered(looked_at, {"manifest.json": manifest_of(looked_at, looks=[look])})
    elsewhere = tmp_path / "elsewhere"
    unpack_bundle(path, lambda run: None, elsewhere)
    shutil.rmtree(elsewhere / "whole")
    unpack_bundle(path, lambda run: None, elsewhere)
    assert len(read_ledger(elsewhere)) == 1


def test_a_look_at_a_studys_reading_is_the_runs_own_where_it_is_imported(trained, tmp_path):
    reading = tmp_path / "study" / "readings" / "2-1"
    shutil.copytree(trained.run.folder, reading)
    (tmp_path / "study" / "study.json").write_text("{}")
    run, test = Run(reading), trained.run.data.test_fingerprint
    facts = {"weights": "last", "recipe": "r", "data": "d", "source": "/data"}
    write_look([tmp_path], LookRequest(name_in_ledger(reading), test=test, **facts), "the end")
    came, _ = unpack_bundle(
        bundle_run(run, tmp_path / "a.zip"), lambda run: None, tmp_path / "else"
    )
    (look,) = read_ledger(tmp_path / "else")
    assert (look.run, is_of(look, came)) == ("2-1", True)


def test_looks_that_a_killed_import_left_without_their_run_count_once_with_it(
    looked_at, tmp_path, monkeypatch
):
    class KilledError(BaseException):
        """Stands for SIGKILL: nothing is tidied up after it."""

    def killed(*_args, **_named):
        raise KilledError

    replace = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "truncate", killed)
        patched.setattr(
            os,
            "replace",
            lambda source, target: (
                killed() if Path(target).name == "whole" else replace(source, target)
            ),
        )
        with pytest.raises(KilledError):
            import_bundle(looked_at, tmp_path / "else")
    assert len(read_ledger(tmp_path / "else")) == 1
    import_bundle(looked_at, tmp_path / "else")
    assert len(read_ledger(tmp_path / "else")) == 1
