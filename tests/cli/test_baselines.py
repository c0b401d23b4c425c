"""`toile baselines`."""

import shutil
from pathlib import Path

import pytest

from tests.command_line import call_in


def test_of_a_run_they_stand_beside_its_network(toile, small, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(small.parent))
    answer = toile("baselines", small.name)
    assert answer.code == 0, answer.errors
    assert "the network is better by" in answer.output
    assert "one nearest neighbour" in answer.output
    assert f"the network of {small.name}" in answer.output
    assert "fitted to all" in answer.output
    assert "Beside simple classifiers" in (small / "report.html").read_text()


def test_of_data_they_stand_alone(toile, few_garments):
    words = ("--set=data.size_px=7", "--set=data.validation=120")
    answer = toile("baselines", str(few_garments), *words)
    assert answer.code == 0, answer.errors
    assert "better by" not in answer.output
    found = toile("baselines", str(few_garments), *words, "--json").json
    assert found["run"] is None
    assert [score["name"] for score in found["scores"]] == [
        "commonest class", "one nearest neighbour", "random forest", "logistic regression",
    ]  # fmt: skip


def test_what_is_neither_is_refused(toile):
    answer = toile("baselines", "nothing-like-it")
    assert answer.code == 2
    assert "nothing-like-it" in answer.errors


def test_settings_of_training_are_refused(toile, few_garments):
    answer = toile("baselines", str(few_garments), "--set=training.epochs=3")
    assert answer.code == 2
    assert "training.epochs is no setting of data" in answer.errors


@pytest.fixture(scope="module")
def small(few_garments, tmp_path_factory) -> Path:
    """The folder of a run on few and small pictures, of which all is measured in a second."""
    place = tmp_path_factory.mktemp("small")
    settings = ["data.size_px=8", "data.validation=120", "training.epochs=1", "training.threads=1"]
    words = [f"--set={setting}" for setting in settings]
    done = call_in(place, "train", "s1-lab", f"--data={few_garments}", "--out=runs/small", *words)
    assert done.code == 0, done.errors
    return place / "runs" / "small"


def test_the_page_shows_its_pictures_from_where_the_data_lies_now(
    toile, small, few_garments, tmp_path
):
    folder = shutil.copytree(small, tmp_path / "moved")
    recipe = (folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(recipe.replace(str(few_garments), "/nowhere/garments.npz"))
    answer = toile("baselines", "./moved", f"--data={few_garments}")
    assert answer.code == 0, answer.errors
    assert '<div class="pictures' in (folder / "report.html").read_text()


def test_the_scores_are_said_where_they_cannot_be_stored(toile, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "full")
    (folder / "baselines.json").unlink(missing_ok=True)
    (folder / "baselines.json").mkdir()
    answer = toile("baselines", "./full")
    assert answer.code == 2
    assert "one nearest neighbour" in answer.output
    assert "printed above, but could not be saved for the run's page" in " ".join(
        answer.errors.split()
    )


def test_a_plain_name_is_a_runs_before_it_is_a_folders(toile, small, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(small.parent))
    (tmp_path / "small").mkdir()
    answer = toile("baselines", "small")
    assert answer.code == 0, answer.errors
    assert "the network of small" in answer.output
    refused = toile("baselines", "./small")
    assert refused.code == 2
    assert "no run" not in refused.errors


@pytest.mark.parametrize("name", ["./digits", "digits.npz", "elsewhere/digits.npz"])
def test_a_mistyped_path_is_refused_as_data(toile, name):
    answer = toile("baselines", name)
    assert answer.code == 2
    assert "no run in" not in answer.errors
    assert Path(name).name in answer.errors


def test_data_beside_data_is_refused(toile, few_garments):
    answer = toile("baselines", str(few_garments), "--data=elsewhere")
    assert answer.code == 2
    assert "is data itself" in " ".join(answer.errors.split())


def test_a_seed_of_more_than_32_bits_is_refused(toile, few_garments):
    answer = toile("baselines", str(few_garments), f"--seed={2**32}")
    assert answer.code == 2
    assert "4294967295" in answer.errors
