"""Small data of one's own: few steps are said before and after, with what to do."""

from pathlib import Path

import pytest

import toile
from tests.command_line import Answer, call_in
from tests.field.drawing import class_folders
from toile.workbench.page import write_report

NOTE = "4 steps in all, each of up to 256 of 256 images, are few to learn from; try --set training."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four easy classes of 100 pictures."""
    folder = tmp_path_factory.mktemp("own")
    class_folders(folder / "data", "ABCD", 100)
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> Answer:
    """What `quick` says of them."""
    return call_in(folder, "train", "quick", "--data", "data", "--out", "run", "--json")


def test_few_steps_are_said_before_training_and_after(said: Answer, folder: Path):
    run = toile.open_run(folder / "run")
    assert f"note: {NOTE}" in said.errors
    assert "toile resume" not in said.errors
    assert any(note.startswith(NOTE) for note in said.json["notes"])
    (note,) = (one for one in said.json["notes"] if one.startswith(NOTE))
    assert note.endswith("; toile resume run --epochs 200 takes this run as far")
    page = write_report(run, None).read_text()
    assert f"Note: {NOTE}" in page


def test_with_the_epochs_it_tries_there_is_no_note(said: Answer, folder: Path):
    assert said.json["score"]["accuracy"]["value"] < 0.7
    # The smallest network learns the same letters in a second.
    words = ("train", "s0-dense", "--data", "data", "--no-page", "--json")
    (note,) = (one for one in call_in(folder, *words).json["notes"] if "few to learn" in one)
    again = call_in(folder, *words, *note.split("; ")[1].removeprefix("try ").split())
    assert "few to learn from" not in again.errors
    assert again.json["score"]["accuracy"]["value"] > 0.95
