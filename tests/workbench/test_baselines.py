"""Simple classifiers beside a run: on the images that score it, in its folder and on its page."""

import json
import shutil

import pytest

import toile
from toile.data import load_data, split_data
from toile.errors import ToileError
from toile.evaluation import mcnemar, proportion
from toile.recipe import recipe_of
from toile.runs import Run, open_run, scored_images
from toile.workbench import write_report

RECIPE = {
    "name": "small",
    "data": {"size_px": 8, "validation": 120},
    "network": [{"conv": {"filters": 4, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}],
    "training": {
        "optimizer": {"adam": 0.01}, "batch_size": 32, "epochs": 4, "threads": 1,
        "precision": "float32",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def run(few_garments, tmp_path_factory) -> Run:
    out = tmp_path_factory.mktemp("baselines") / "run"
    return toile.train(recipe_of(RECIPE), data=few_garments, out=out)


@pytest.fixture(scope="module")
def scores(run):
    return toile.baselines(run)


def test_they_learn_the_training_images_and_are_asked_for_those_that_score(run, scores):
    dataset = load_data(run.recipe.data)
    split = split_data(dataset.train, run.recipe.data)
    train = split.train.pixels.reshape(len(split.train), -1).astype(float)
    among = scored_images(run.recipe, run.validation)
    asked = dataset.train.pixels[run.validation.indices[among]]
    distances = ((asked.reshape(len(asked), 1, -1) - train[None]) ** 2).sum(2)
    right = split.train.labels[distances.argmin(1)] == run.validation.labels[among]
    neighbour = next(score for score in scores.scores if "neighbour" in score.name)
    expected = proportion(int(right.sum()), len(right))
    assert neighbour.accuracy.model_dump() == expected.to_json()
    assert (scores.images, scores.train) == (len(train), len(train))
    own_right = run.validation.logits[among].argmax(1) == run.validation.labels[among]
    assert neighbour.difference.p == mcnemar(right, own_right).p
    assert neighbour.difference.value == pytest.approx(own_right.mean() - right.mean())


def test_they_stand_in_the_runs_folder_and_on_its_page(run, scores):
    assert toile.open_run(run.folder).baselines == scores
    write_report(run)
    page = (run.folder / "report.html").read_text()
    assert "Beside simple classifiers" in page
    for score in scores.scores:
        assert score.name.capitalize() in page
        assert f"{100 * score.accuracy.value:.2f} %" in page


def test_a_page_without_them_has_no_such_section(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    (folder / "baselines.json").unlink(missing_ok=True)
    assert "simple classifiers" not in write_report(open_run(folder)).read_text()


def test_a_damaged_file_is_refused_in_words(run, scores, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    record = json.loads((folder / "baselines.json").read_text())
    record["scores"][0]["accuracy"]["value"] = 2
    (folder / "baselines.json").write_text(json.dumps(record))
    with pytest.raises(ToileError, match=r"baselines.json is damaged: scores"):
        _ = open_run(folder).baselines


def test_they_travel_in_a_bundle(run, scores, tmp_path, monkeypatch):
    bundle = toile.bundle_run(run, tmp_path / "run.zip")
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "elsewhere"))
    brought, _ = toile.import_bundle(bundle)
    assert brought.baselines == scores


def test_of_data_all_validation_images_are_asked(few_garments):
    scores = toile.baselines(few_garments, settings={"size_px": 8, "validation": 120})
    assert {score.accuracy.n for score in scores.scores} == {120}
    assert all(score.difference is None for score in scores.scores)
    commonest = scores.scores[0]
    assert commonest.accuracy.value == pytest.approx(0.1, abs=0.02)
    assert scores.best.accuracy.value > 0.5


def test_of_too_many_images_as_many_of_each_class_are_drawn(few_garments, monkeypatch):
    monkeypatch.setattr("toile.workbench.fitted_baselines.MOST_NUMBERS", 200 * 64)
    settings = {"size_px": 8, "validation": 120}
    scores, again = (toile.baselines(few_garments, settings=settings) for _ in range(2))
    assert scores.images <= 200
    assert scores.images > 180
    assert f"{scores.images} of the 480 training images" in scores.fitted_to
    assert [one.accuracy for one in scores.scores] == [one.accuracy for one in again.scores]


def test_without_validation_there_is_nothing_to_judge_by(few_garments):
    with pytest.raises(ToileError, match=r"data.validation is 0.*hold some out"):
        toile.baselines(few_garments, settings={"validation": 0})


def test_settings_are_of_data_alone(run):
    with pytest.raises(ToileError, match="go with data; a run has those"):
        toile.baselines(run, settings={"size_px": 8})
