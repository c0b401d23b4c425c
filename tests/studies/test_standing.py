"""How a study stands, asked again and again: only what changed is read."""

import json
import os
import shutil
import sys

import pytest

import toile
from toile.files import write_json
from toile.studies import open_study, study_sentence, study_summary

OPENED: list[str] | None = None
READINGS = {"2-1", "2-2", "3-1", "3-2"}


@sys.addaudithook
def note_files(event, arguments):
    """A hook stays for good, so it notes nothing but what a test asks for."""
    if event == "open" and OPENED is not None:
        OPENED.append(str(arguments[0]))


def opened_by(work):
    """The files opened while `work` is done, and what comes of it."""
    global OPENED
    OPENED = []
    try:
        return work(), OPENED
    finally:
        OPENED = None


@pytest.fixture(scope="module")
def taken(tmp_path_factory, small):
    folder = tmp_path_factory.mktemp("studies") / "filters"
    toile.study(
        small(), vary={"network.conv1.filters": [2, 3]}, readings=2, out=folder, on="inline"
    ).finish()
    return folder


@pytest.fixture
def folder(taken, tmp_path):
    """A copy of the study, of another day."""
    copied = shutil.copytree(taken, tmp_path / "filters")
    settle(copied)
    return copied


def settle(folder):
    """What was written this very moment may change unseen, and would be read again."""
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))


def standing(folder):
    result = open_study(folder)
    return study_sentence(result), study_summary(result)


def test_asked_again_no_file_is_opened(folder):
    first, some = opened_by(lambda: standing(folder))
    assert {path for path in some if path.endswith("results.json")} == {
        str(folder / "readings" / one / "results.json") for one in READINGS
    }
    assert opened_by(lambda: standing(folder)) == (first, [])


def test_of_readings_that_changed_their_files_alone_are_read(folder):
    standing(folder)
    changed = folder / "readings" / "3-1" / "results.json"
    results = json.loads(changed.read_text())
    results["score"]["accuracy"]["value"] = 0.125
    write_json(changed, results)
    result, some = opened_by(lambda: open_study(folder))
    assert result.scores()["3"][0] == 0.125
    assert [path for path in some if "/readings/" in path] == [str(changed)]


def test_a_reading_that_is_removed_is_waited_for(folder):
    assert open_study(folder).ended
    shutil.rmtree(folder / "readings" / "2-2")
    assert [one.status for one in open_study(folder).readings] == [
        "finished",
        "waiting",
        "finished",
        "finished",
    ]


def test_changed_settings_are_read(folder):
    open_study(folder)
    settings = (folder / "study.yaml").read_text().replace("readings: 2", "readings: 3")
    (folder / "study.yaml").write_text(settings)
    assert len(open_study(folder).readings) == 6
