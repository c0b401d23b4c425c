"""`toile baselines`."""

import shutil
from pathlib import Path

import pytest


def test_of_a_run_they_stand_beside_its_network(toile, among_runs):
    answer = toile("baselines", among_runs.name)
    assert answer.code == 0, answer.errors
    assert "the network is better by" in answer.output
    assert "one nearest neighbour" in answer.output
    assert f"the network of {among_runs.name}" in answer.output
    assert "fitted to all" in answer.output
    assert "Beside simple classifiers" in (among_runs / "report.html").read_text()


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


def test_the_page_shows_its_pictures_from_where_the_data_lies_now(toile, few_garments, tmp_path):
    recipe = ["--set=data.size_px=8", "--set=data.validation=120", "--set=training.epochs=1"]
    moved = shutil.move(shutil.copy(few_garments, tmp_path / "here.npz"), tmp_path / "there.npz")
    shutil.copy(moved, tmp_path / "here.npz")
    done = toile("train", "s1-lab", "--data=here.npz", "--out=runs/moved", *recipe)
    assert done.code == 0, done.errors
    (tmp_path / "here.npz").unlink()
    answer = toile("baselines", "runs/moved", "--data=there.npz")
    assert answer.code == 0, answer.errors
    assert '<div class="pictures' in (tmp_path / "runs/moved/report.html").read_text()


def test_the_scores_are_said_where_they_cannot_be_stored(toile, among_runs, tmp_path, monkeypatch):
    shutil.copytree(among_runs, tmp_path / "runs" / "full")
    (tmp_path / "runs" / "full" / "baselines.json").unlink(missing_ok=True)
    (tmp_path / "runs" / "full" / "baselines.json").mkdir()
    answer = toile("baselines", "runs/full")
    assert answer.code == 2
    assert "one nearest neighbour" in answer.output
    assert "said above, and was not kept for the run's page" in " ".join(answer.errors.split())


def test_a_plain_name_is_a_runs_before_it_is_a_folders(toile, among_runs, tmp_path):
    (tmp_path / among_runs.name).mkdir()
    answer = toile("baselines", among_runs.name)
    assert answer.code == 0, answer.errors
    assert f"the network of {among_runs.name}" in answer.output
    refused = toile("baselines", f"./{among_runs.name}")
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
