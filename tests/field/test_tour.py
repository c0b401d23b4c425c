"""Own data from its folder to an answer and a file taken away, also where it moves meanwhile."""

import json
import shutil
from pathlib import Path

import pytest

from tests.command_line import Answer, call_in
from tests.field import folder_contents, folders

QUICKLY = (
    "--set=network=[flatten, {dense: classes}]",
    "--set=training.epochs=2",
    "--set=training.threads=1",
)


class Desk:
    """A folder with one case's data in it, where commands are given."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def call(self, *words: object) -> Answer:
        return call_in(self.place, *words)

    def train(self, name: str) -> Answer:
        case = (folders.CASES | folder_contents.CASES)[name]
        case(self.place / "data")
        return self.call("train", "quick", "--data=data", "--out=run", *QUICKLY)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def unbalanced(tmp_path_factory, own_cache) -> tuple[Desk, Answer]:
    desk = Desk(tmp_path_factory.mktemp("unbalanced"))
    return desk, desk.train("dir_imbalanced")


def test_the_commonest_class_is_said_beside_every_accuracy(unbalanced):
    desk, trained = unbalanced
    said = "always answering ok would be right on 93.75 % of them"
    assert trained.code == 0, trained.errors
    assert said in trained.output
    assert said.capitalize() in (desk.place / "run" / "report.html").read_text()
    judged = desk.call("evaluate", "run").output
    assert said in judged
    assert "there are too few validation images to say which pictures are unusual" in judged
    shown = desk.call("data", "show", "data").output
    assert "always answering ok is right on 95.00 % of the training images" in shown


def test_of_balanced_classes_nothing_is_said(tmp_path, own_cache):
    desk = Desk(tmp_path)
    trained = desk.train("dir_parts")
    assert "always answering" not in trained.output
    assert "always answering" not in desk.call("evaluate", "run").output
    assert "Always answering" not in (tmp_path / "run" / "report.html").read_text()
    note = "validation: the 15 images that the data itself holds out; data.validation is not asked"
    assert f"note: {note}" in trained.errors
    assert note in (tmp_path / "run" / "report.html").read_text()
    assert json.loads((tmp_path / "run" / "data.json").read_text())["validation"] == 15


def test_pictures_under_two_classes_are_counted_and_named(tmp_path, own_cache):
    desk = Desk(tmp_path)
    trained = desk.train("dir_conflict")
    assert "note: 5 pictures stand under more than one class; toile data show" in trained.errors
    shown = desk.call("data", "show", "data").output
    assert "pictures under two classes: 5" in shown
    assert "A/0002.png as A = B/dup-0002.png as B" in shown


def test_copies_and_overlaps_are_named(tmp_path, own_cache):
    folder_contents.dir_duplicates(tmp_path / "data")
    shown = Desk(tmp_path).call("data", "show", "data").output
    assert "images of train that are in test too: 5" in shown
    assert "train/A/0002.png in train = test/A/dup-0002.png in test" in shown


def test_the_grid_shows_the_first_images_or_some_at_random(unbalanced):
    desk, _ = unbalanced
    grids = {}
    for name, words in {"first": (), "drawn": ("--seed=4",), "again": ("--seed=4",)}.items():
        answer = desk.call("data", "show", "data", "--grid=6", f"--out={name}.png", *words)
        assert answer.code == 0, answer.errors
        grids[name] = (desk.place / f"{name}.png").read_bytes()
    assert grids["drawn"] == grids["again"] != grids["first"]
    refused = desk.call("data", "show", "data", "--seed=4")
    assert "--seed draws the images of --grid" in refused.errors


def test_a_run_whose_data_moved_is_told_where_it_lies(unbalanced, tmp_path):
    trained, _ = unbalanced
    desk = Desk(shutil.copytree(trained.place, tmp_path / "here"))
    (desk.place / "data").rename(desk.place / "moved")
    recipe = desk.place / "run" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(trained.place), str(desk.place)))
    look = "evaluate", "run", "--open-test", "--why=the end"
    for words in (("export", "run", "a.safetensors"), look):
        refused = desk.call(*words)
        assert refused.code == 2
        assert "which is not here; say where its data lies now, as in --data PATH" in refused.errors
        done = desk.call(*words, "--data=moved")
        assert done.code == 0, done.errors
    answered = desk.call("predict", "run", "moved/ok")
    assert answered.code == 0, answered.errors
    assert answered.output.count("ok") > 150


def test_other_data_is_not_taken_for_it(unbalanced, tmp_path):
    desk, _ = unbalanced
    folder_contents.dir_conflict(tmp_path / "other")
    refused = desk.call("export", "run", "b.safetensors", f"--data={tmp_path / 'other'}")
    assert refused.code == 2
    assert "was trained on other images than" in refused.errors
    lonely = desk.call("evaluate", "run", "--data=data")
    assert "--data goes with --open-test" in lonely.errors


def test_names_that_are_no_utf_8_are_written_out_or_refused_at_once(unbalanced, tmp_path):
    desk, _ = unbalanced
    picture = next((desk.place / "data" / "ok").iterdir()).read_bytes()
    (tmp_path / "ask").mkdir()
    (tmp_path / "ask" / "caf\udce9.png").write_bytes(picture)
    for words in ((f"--csv={tmp_path / 'a.csv'}",), ("--json",)):
        answer = desk.call("predict", "run", tmp_path / "ask", *words)
        assert answer.code == 0, answer.errors
    assert "caf\\udce9.png" in (tmp_path / "a.csv").read_text()
    folders.dir_plain(tmp_path / "caf\udce9")
    refused = desk.call("train", "quick", f"--data={tmp_path}/caf\udce9")
    assert refused.code == 2
    assert "which is not UTF-8; rename it" in refused.errors
