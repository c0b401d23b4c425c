"""The data of a run that came in a bundle: known once it is added or named, and never guessed."""

import json
import shutil
from pathlib import Path

import pytest

import toile
from toile.data import load_data
from toile.data.catalogue import KNOWN
from toile.errors import ToileError
from toile.recipe import recipe_text
from toile.runs import (
    DataList,
    Run,
    load_run_data,
    pictures_of,
    runs_folder,
    same_data,
    why_data_unknown,
)

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


def test_without_its_hashes_no_picture_is_known_and_nothing_is_opened(run, pictures_here):
    before = pictures_of(run)
    (run.folder / "pictures.safetensors").unlink()
    assert pictures_of(run).unknown == (run.id,)
    DataList(runs_folder()).add(pictures_here, settings={"size_px": 8})
    known = pictures_of(run)
    assert known.unknown == ()
    assert known.trained.tolist() == before.trained.tolist()


def test_a_folder_that_was_called_as_a_known_dataset_is_not_taken_for_that(run, pictures_here):
    recipe = run.folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("name: pictures", "name: fashion-sample"))
    renamed = Run(run.folder)
    assert renamed.recipe.data.name == "fashion-sample"
    assert "its data, fashion-sample, lies where it was trained" in why_data_unknown(renamed)
    with pytest.raises(ToileError, match="its data, fashion-sample, lies where it was trained"):
        load_run_data(renamed)
    DataList(runs_folder()).add(pictures_here, settings={"size_px": 8})
    assert load_run_data(renamed).path == pictures_here


def renamed(run: Run, name: str, settings: dict[str, object], facts: dict[str, str]) -> Run:
    """`run` as a bundle has it that says that its data is called `name`."""
    recipe = run.recipe.replace({"data.name": name} | settings)
    (run.folder / "recipe.yaml").write_text(recipe_text(recipe))
    record = json.loads((run.folder / "data.json").read_text()) | facts
    (run.folder / "data.json").write_text(json.dumps(record))
    return Run(run.folder)


def test_a_known_dataset_is_believed_by_the_fingerprint_that_the_run_recorded(run):
    known = load_data("fashion-sample")
    as_it_is = {"data.size_px": None}
    facts = {"release": known.release}
    other = renamed(run, "fashion-sample", as_it_is, facts)
    assert "its data, fashion-sample, lies where it was trained" in why_data_unknown(other)
    with pytest.raises(ToileError, match="lies where it was trained"):
        load_run_data(other)
    # That of another known dataset is not the one of this name.
    digits = facts | {"fingerprint": KNOWN["mnist"].fingerprint}
    assert why_data_unknown(renamed(run, "fashion-sample", as_it_is, digits))
    same = renamed(run, "fashion-sample", as_it_is, facts | {"fingerprint": known.fingerprint})
    assert why_data_unknown(same) == ""
    assert load_run_data(same).fingerprint == known.fingerprint


def test_a_known_dataset_made_smaller_is_believed_by_its_release_and_still_compared(run):
    smaller = load_data("fashion-sample", size_px=8)
    nearly = renamed(run, "fashion-sample", {}, {"release": "Toile's sample"})
    assert why_data_unknown(nearly)
    believed = renamed(run, "fashion-sample", {}, {"release": smaller.release})
    assert why_data_unknown(believed) == ""
    assert load_run_data(believed).fingerprint == smaller.fingerprint
    with pytest.raises(ToileError, match="was trained on other images than"):
        same_data(believed)


def test_of_two_copies_the_one_that_is_still_here_is_read(run, pictures_here):
    later = Path(shutil.copytree(pictures_here, pictures_here.with_name("later")))
    for folder in (pictures_here, later):
        DataList(runs_folder()).add(folder, settings={"size_px": 8})
    shutil.rmtree(later)
    assert load_run_data(run).path == pictures_here
    shutil.rmtree(pictures_here)
    with pytest.raises(ToileError, match=UNKNOWN):
        load_run_data(run)


def test_every_setting_by_which_the_data_is_read_is_named(run, pictures_here):
    settings = {"size_px": 8, "test": 0.3, "white": 200.0, "orientation": "transposed"}
    settings |= {"rule": 2, "colour": "grey", "label_column": "a b; c"}
    values = {f"data.{name}": value for name, value in settings.items()}
    (run.folder / "recipe.yaml").write_text(recipe_text(run.recipe.replace(values)))
    said = why_data_unknown(Run(run.folder))
    for name, value in settings.items():
        assert f"data.{name}={value}" in said
    assert "--set 'data.label_column=a b; c'" in said
