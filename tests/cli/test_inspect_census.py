import shutil

import numpy as np
import pytest
import torch

from tests.command_line import call_in
from tests.inspection.conftest import network_of, noise
from toile.cli.inspect.census import _text
from toile.inspection import run_census
from toile.runs import Run


def test_a_census_finds_what_was_killed_and_says_so_in_words_and_json(toile, killed):
    told = toile("inspect", "census", killed, "--json").json
    assert told["run"] == "killed"
    assert list(told) == ["run", "images", "layers", "dead_share"]
    conv, dense = told["layers"]
    assert (conv["name"], conv["channels"], conv["units"]) == ("relu1", 4, 4 * 26 * 26)
    assert {1, 2} <= set(conv["dead_channels"])
    assert 5 in dense["dead_channels"]
    assert told["images"] == Run(killed).data.train
    said = toile("inspect", "census", killed).output
    assert f"over {told['images']:,} training images" in said
    assert f"{100 * told['dead_share']:.2f} % of the network's" in said


def test_the_causes_are_measured_from_the_first_weights_on(toile, killed):
    why = {
        one["name"]: one
        for one in toile("inspect", "census", killed, "--why", "--json").json["why"]
    }
    assert why["relu1"]["greatest_input"]["nearest"] < 0
    # Killed by hand after the last epoch, of which no count of an epoch tells.
    assert why["relu1"]["unknown"] >= 2 * 26 * 26 - 20
    said = toile("inspect", "census", killed, "--why").output
    assert "with the first weights" in said
    assert "what may help" in said


def test_counts_of_every_unit_and_a_figure_are_written(toile, killed, tmp_path):
    done = toile("inspect", "census", killed, "--out=census.png", "--values=census.npz")
    assert done.code == 0, done.errors
    assert (tmp_path / "census.png").read_bytes().startswith(b"\x89PNG")
    with np.load(tmp_path / "census.npz") as arrays:
        assert arrays["relu1/fired"].shape == (4, 26, 26)
        assert not arrays["relu1/fired"][1].any()
    again = toile("inspect", "census", killed, "--values=census.npz")
    assert (again.code, "--force" in again.errors) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "no run in"),
        (["--weights=mean"], "last or best"),
        (["--out=census.pdf"], ".png or .svg"),
        (["--values=census.csv"], ".npz"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_a_sentence(toile, killed, words, said):
    named = words if words[0] == "nobody" else [killed, *words]
    answer = toile("inspect", "census", *named)
    assert (answer.code, answer.output) == (2, "")
    assert said in answer.errors


def test_kept_weights_of_epochs_tell_the_same_as_recorded_counts(toile, killed, tmp_path):
    copy = shutil.copytree(killed, tmp_path / "kept")
    shutil.rmtree(copy / "census")
    kept, counted = (
        toile("inspect", "census", run, "--why", "--json").json["why"] for run in (copy, killed)
    )
    assert kept == counted
    shutil.rmtree(copy / "epochs")
    unknown = toile("inspect", "census", copy, "--why", "--json").json["why"]
    assert sum(layer["unknown"] for layer in unknown) > sum(layer["unknown"] for layer in kept)


@pytest.fixture(scope="module")
def cut(killed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    done = call_in(folder, "inspect", "prune", killed, "--layer=conv1", "--channels=0", "--json")
    return Run(folder / done.json["run"])


def test_units_of_a_cut_run_died_in_its_parent(toile, killed, cut):
    said = toile("inspect", "census", cut.folder, "--why")
    assert said.code == 0, said.errors
    assert "so its units died there: toile inspect census killed --why" in said.output
    told = toile("inspect", "census", cut.folder, "--why", "--json").json
    assert all(layer["from_first"] == layer["dead"] for layer in told["why"])
    assert told["why_unknown"].startswith(f"{cut.id} was not trained after it was cut out of")


def test_of_a_network_brought_in_nobody_knows_when_its_units_died(toile, killed, tmp_path):
    assert toile("export", killed, "w.safetensors").code == 0
    brought = toile(
        "import", "w.safetensors", "--data=fashion-sample", f"--out={tmp_path / 'runs' / 'in'}",
        f"--recipe={killed / 'recipe.yaml'}", "--scaling=standard",
    )  # fmt: skip
    assert brought.code == 0, brought.errors
    said = toile("inspect", "census", tmp_path / "runs" / "in", "--why")
    assert said.code == 0, said.errors
    assert "brought in as it was, so nobody knows when its units died" in said.output
    assert "first weights" not in said.output


def test_a_cut_run_claims_nothing_of_its_parents_recipe(killed, cut):
    assert Run(killed).recipe.about.result
    about = cut.recipe.about
    assert about.title == "killed with 1 channel cut"
    assert (about.source, about.unchanged, about.changes, about.result) == ("", "", "", "")


@pytest.mark.parametrize(
    ("activation", "said"),
    [
        ("relu", "the output of 4 is the same for every image"),
        ("tanh", "the output of 4 is the same, or saturated, for every image"),
    ],
)
def test_dead_units_are_said_to_be_alike_as_far_as_they_are(activation, said):
    network = network_of(["flatten", {"dense": 4}, activation, {"dense": "classes"}])
    with torch.no_grad():
        network.dense1.bias.fill_(-100)
    assert said in _text(run_census(network, [noise(3)]))


def test_units_of_a_network_that_has_diverged_are_said():
    network = network_of(["flatten", {"dense": 4}, "relu", {"dense": "classes"}])
    with torch.no_grad():
        network.dense1.bias[1] = float("nan")
    said = _text(run_census(network, [noise(3)]))
    assert "relu1: the inputs of 1 units are no numbers (NaN) on some images" in said
