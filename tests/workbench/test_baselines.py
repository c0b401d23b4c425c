"""Simple classifiers beside a run: on the images that score it, in its folder and on its page."""

import json
import shutil
from dataclasses import replace

import pytest

import toile
from tests.bundles import altered, assert_nothing_is_left
from toile.data import load_data, split_data
from toile.errors import ToileError
from toile.evaluation import mcnemar, proportion
from toile.file_lock import file_lock
from toile.recipe import recipe_of
from toile.runs import Run, open_run, read_state, scored_images
from toile.runs.state import write_state
from toile.workbench import keep_baselines, write_report

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
    with pytest.raises(ToileError, match="settings are for data; a run has its own"):
        toile.baselines(run, settings={"size_px": 8})


def later(run, tmp_path) -> Run:
    """The run trained on for an epoch, with all that its folder had before."""
    folder = shutil.copytree(run.folder, tmp_path / "later")
    records = {name: (folder / name).read_bytes() for name in ("baselines.json", "results.json")}
    (folder / "model-card.md").write_text("what it was")
    resumed = toile.resume(folder, epochs=5)
    assert not (folder / "baselines.json").exists()
    assert not (folder / "model-card.md").exists()
    (folder / "baselines.json").write_bytes(records["baselines.json"])
    return resumed


def test_those_of_weights_it_no_longer_has_are_not_shown(run, scores, tmp_path):
    assert scores.weights_sha256 == run.results.weights["last"]
    resumed = later(run, tmp_path)
    assert resumed.baselines is None
    assert "The network is better by" not in write_report(resumed).read_text()
    card = toile.write_card(resumed).read_text()
    assert "measured of an earlier state; measure again: `toile baselines later`" in card
    assert "one nearest neighbour" not in card
    toile.baselines(resumed)
    assert resumed.baselines is not None


def test_a_run_in_training_has_none(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    with file_lock(folder):
        write_state(folder, replace(read_state(folder), status="running"))
        with pytest.raises(ToileError, match=r"copy is running \(process \d+\).*when it has ended"):
            toile.baselines(open_run(folder))


def test_scores_of_a_run_trained_on_meanwhile_are_not_stored(run, scores, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    other = scores.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(ToileError, match="copy was trained further meanwhile"):
        keep_baselines(open_run(folder), other)


def test_no_scores_at_all_are_a_damaged_file(run, scores, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    record = json.loads((folder / "baselines.json").read_text())
    (folder / "baselines.json").write_text(json.dumps(record | {"scores": []}))
    said = r"baselines.json is damaged: .*delete the file, or measure anew: toile baselines copy"
    with pytest.raises(ToileError, match=said):
        _ = open_run(folder).baselines


@pytest.mark.parametrize("name", ["baselines.json", "robustness.json", "import.json"])
def test_a_bundle_with_a_damaged_record_is_refused(run, tmp_path, monkeypatch, name):
    bundle = toile.bundle_run(run, tmp_path / "run.zip")
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "elsewhere"))
    with pytest.raises(ToileError, match=f"altered.zip: {name} is damaged"):
        toile.import_bundle(altered(bundle, {name: b'{"version": 1}'}))
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_a_forest_cannot_have_is_refused(few_garments, seed):
    with pytest.raises(ToileError, match=f"seed is {seed}; it goes from 0 to 4294967295"):
        toile.baselines(few_garments, seed=seed)


def test_data_has_no_other_place(few_garments):
    with pytest.raises(ToileError, match=r"garments.npz is data itself; leave one"):
        toile.baselines(few_garments, data=few_garments)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("robustness", "measure anew: toile evaluate copy --robustness"),
        ("imported", "import the network anew: toile import FILE"),
    ],
)
def test_a_damaged_record_is_refused_with_the_next_step(run, tmp_path, name, step):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    file = "import.json" if name == "imported" else f"{name}.json"
    (folder / file).write_text("{}")
    with pytest.raises(ToileError, match=f"{file} is damaged: .*; delete the file, or {step}"):
        getattr(open_run(folder), name)
