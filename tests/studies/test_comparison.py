"""Runs trained one by one: judged like readings, refused where scores differ in meaning."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import toile
from toile.errors import ToileError
from toile.runs import Run


@pytest.fixture(scope="module")
def train(small, tmp_path_factory):
    def run(seed: int = 0, **settings: object) -> Run:
        recipe = small().replace({"seed": seed, **settings})
        return toile.train(recipe, out=tmp_path_factory.mktemp("compared") / "run")

    return run


@pytest.fixture(scope="module")
def relu(train) -> list[Run]:
    return [train(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def gelu(train) -> list[Run]:
    return [train(seed, **{"network.relu1": "gelu"}) for seed in range(2)]


def test_the_verdict_is_that_of_the_scores(relu, gelu):
    found = toile.compare({"relu": relu, "gelu": [run.folder for run in gelu]}, margin=0.01)
    scores = {"relu": [run.score.value for run in relu], "gelu": [run.score.value for run in gelu]}
    expected = toile.judge_readings(scores, margin=0.01, accuracies=True)
    assert found.verdict.to_json() == expected.to_json()
    assert found.sentence == (
        f"{toile.verdict_sentence(expected)} Assumed: this is the only verdict on these levels. If "
        "readings were added after an earlier look, over 5 % of such tables call equal levels "
        "different."
    )
    single = toile.compare({"relu": relu[:1], "gelu": gelu[:1]}).sentence
    assert single.endswith("Take five or more of each.")
    assert found.table()[0].tolist() == scores["relu"]
    assert found.table()[1, :2].tolist() == scores["gelu"]
    assert np.isnan(found.table()[1, 2])
    assert found.to_json()["runs"]["gelu"] == [str(run.folder) for run in gelu]


def test_a_reading_counts_once(relu, gelu):
    copy = Run(Path(shutil.copytree(relu[0].folder, relu[0].folder.parent / "copy")))
    with pytest.raises(ToileError, match="of level gelu are the same recipe with the same seed"):
        toile.compare({"relu": relu, "gelu": [*relu[:1]]})
    with pytest.raises(ToileError, match="so one reading; leave one of them out"):
        toile.compare({"relu": [*relu, copy], "gelu": gelu})


def test_a_run_that_is_in_no_list_is_refused(relu, gelu):
    for single in (gelu[0], gelu[0].folder, str(gelu[0].folder)):
        with pytest.raises(ToileError, match="level gelu is a single run; name its runs in a list"):
            toile.compare({"relu": relu, "gelu": single})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training.epochs": 2}, "training.epochs is 1 in .* and 2 in .*; runs of a level differ"),
        ({"data.split": 1}, r"data.split is 0 in .* and 1 in .*: make it two levels"),
    ],
)
def test_a_level_is_one_recipe(change, said, relu, train):
    with pytest.raises(ToileError, match=said):
        toile.compare({"one": [relu[0], train(7, **change)]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data.split": 1}, "data.split is 0 in level one and 1 in level other, so their scores"),
        ({"training.early_stopping": {}}, "level other stops early and is scored on the half"),
    ],
)
def test_scores_that_mean_other_things_are_refused_as_in_a_study(change, said, relu, train):
    with pytest.raises(ToileError, match=said):
        toile.compare({"one": relu, "other": [train(7, **change)]})


def test_other_images_are_said_beside_the_verdict(relu, train, few_garments):
    other = train(7, **{"data.name": str(few_garments)})
    found = toile.compare({"one": relu, "other": [other]})
    assert "Mind that levels one and other are scored on different images" in found.sentence


def test_what_has_not_finished_is_refused(relu, small, tmp_path):
    live = toile.begin(small(), out=tmp_path / "run")
    with pytest.raises(ToileError, match=r"level two: .* is queued; runs that have finished"):
        toile.compare({"one": relu, "two": [live.run]})
    with pytest.raises(ToileError, match="level two has no runs"):
        toile.compare({"one": relu, "two": []})
