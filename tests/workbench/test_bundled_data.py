"""The data of a run that came in a bundle: known once it is added or named, and never guessed."""

import shutil
from pathlib import Path

import pytest

import toile
from toile.errors import ToileError
from toile.runs import DataList, Run, load_run_data, runs_folder

UNKNOWN = "came in the bundle shared.zip, and its data, pictures, lies where it was trained"
SHOWN = '<div class="pictures">'


@pytest.fixture
def pictures_here(pictures: Path, tmp_path: Path, monkeypatch) -> Path:
    """The pictures of the run, which lie here by the very name that its recipe has."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(pictures, tmp_path / "pictures"))


@pytest.fixture
def run(small, pictures_here: Path, tmp_path: Path) -> Run:
    """A run as it is after its bundle was imported."""
    original = toile.begin(small(name=str(pictures_here))).finish()
    bundle = toile.bundle_run(original, tmp_path / "shared.zip")
    shutil.rmtree(original.folder)
    return toile.import_bundle(bundle)[0]


def test_what_lies_at_the_path_of_another_machine_is_not_opened(run, pictures_here):
    assert run.recipe.data.name == "pictures"
    with pytest.raises(ToileError, match=UNKNOWN):
        load_run_data(run)
    toile.Workspace().star(run.name)
    page = (run.folder / "report.html").read_text()
    assert "Starred" in page
    assert f"This page has no pictures: {run.id} {UNKNOWN}" in page
    assert SHOWN not in page
    assert load_run_data(run, data=str(pictures_here)).fingerprint == run.data.fingerprint


def test_once_the_same_data_is_added_it_is_known_and_the_page_shows_it(run, pictures_here):
    with pytest.raises(ToileError, match=r"data add PATH --set data\.size_px=8 or so"):
        load_run_data(run)
    moved = pictures_here.rename(pictures_here.with_name("moved"))
    DataList(runs_folder()).add(moved, settings={"size_px": 8})
    assert load_run_data(run).path.name == "moved"
    toile.Workspace().star(run.name)
    page = (run.folder / "report.html").read_text()
    assert SHOWN in page
    assert "This page has no pictures" not in page


def test_pictures_that_a_page_has_are_kept_and_a_warning_says_how_to_name_the_data(
    run, pictures_here
):
    toile.write_report(run, load_run_data(run, data=str(pictures_here)))
    page = (run.folder / "report.html").read_text()
    assert SHOWN in page
    with pytest.warns(UserWarning, match=f"{UNKNOWN}; add the same data here"):
        toile.Workspace().star(run.name)
    assert (run.folder / "report.html").read_text() == page
