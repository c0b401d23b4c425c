import re
from pathlib import Path

import numpy as np
import pytest

from toile import train
from toile.cli.inspect.prune import _gone
from toile.runs import Run


def test_dead_filters_are_cut_for_nothing_and_the_parent_is_named(toile, killed):
    told = toile("inspect", "prune", killed, "--dead", "--json").json
    assert list(told) == [
        "run", "parent", "removed", "parameters", "macs", "seconds", "faster", "accuracy",
        "difference", "classes", "doubt", "seen",
    ]  # fmt: skip
    assert told["doubt"] is None
    assert told["seen"] is None
    assert {1, 2} <= set(told["removed"]["conv1"])
    assert 5 in told["removed"]["dense1"]
    assert told["parameters"][1] < told["parameters"][0]
    assert told["macs"][1] < told["macs"][0]
    assert (told["difference"]["value"], told["difference"]["p"]) == (0, 1)
    assert told["accuracy"][0] == told["accuracy"][1]
    cut = Run(Path(told["run"]))
    start = cut.recipe.training.start
    assert start.run == told["parent"] == str(killed)
    assert len(start.sha256) == 64
    # Validation chose nothing of it: dead is what is 0 on all training images.
    assert cut.score.of == "validation"
    assert cut.classifier().module.conv1.weight.shape[0] == 4 - len(told["removed"]["conv1"])
    # It is shown, judged and described as any other run.
    for words in (["show"], ["evaluate"], ["report"], ["inspect", "census"]):
        answer = toile(*words, cut.folder)
        assert answer.code == 0, answer.errors


def test_a_share_is_cut_and_fine_tuned_and_the_price_is_a_sentence(toile, killed):
    said = toile("inspect", "prune", killed, "--layer=dense1", "--fraction=0.25", "--finetune=1")
    assert said.code == 0, said.errors
    assert "cut dense1: 4 channels" in said.output
    assert "% smaller" in said.output
    # So small a network may not be shown to be faster.
    assert re.search(r"times as fast \([\d.]+ to [\d.]+\), |[\d.]+ times as fast\), ", said.output)
    assert "on the scoring half of validation" in said.output
    again = toile("inspect", "prune", killed, "--until-cost=100", "--json").json
    # One filter and one unit are left where any price may be paid.
    assert (len(again["removed"]["conv1"]), len(again["removed"]["dense1"])) == (3, 15)
    assert np.isfinite(again["seconds"]).all()
    # Half of validation ranked the channels; a run that begins with the rest keeps to that.
    cut = Run(Path(again["run"]))
    child = train(cut.recipe.replace({"training.start": "off"}), start=cut.folder, epochs=1)
    assert child.score.of == cut.score.of == "the scoring half of validation"
    faster, slowest, fastest = again["faster"]
    assert 0 < slowest <= faster <= fastest


def test_a_price_that_is_not_shown_is_said_with_the_next_step(toile, killed):
    # Of dead filters nothing is lost, which the images of one half cannot show of all others. In
    # one layer: a dense unit may be worth less than nothing by its loss, and yet cost an image.
    free = toile("inspect", "prune", killed, "--layer=conv1", "--until-cost=0")
    assert free.code == 0
    assert "the scoring half does not show that this costs at most 0 points" in free.errors
    assert "600 images cannot show less than 0.33" in " ".join(free.errors.split())
    assert "--by taylor" not in free.errors
    assert toile("inspect", "prune", killed, "--until-cost=100").errors == ""


def test_one_channel_is_one_channel():
    assert _gone({"conv1": [3], "conv2": [0, 1]}) == ["conv1: 1 channel", "conv2: 2 channels"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "choose what to cut by exactly one"),
        (["--dead", "--fraction=0.5"], "choose what to cut by exactly one"),
        (["--channels=3"], "name it, such as --layer"),
        (["--layer=conv1", "--channels=one"], "numbers with commas"),
        (["--layer=conv1", "--channels=7"], "conv1 has no channel 7"),
        (["--layer=dense2", "--fraction=0.5"], "they are the classes"),
        (["--curve", "--by=taylor"], "keeps none; leave out --by\n"),
        (["--fraction=1"], "above 0 to below 1"),
    ],
)
def test_what_cannot_be_pruned_is_refused_with_a_sentence(toile, killed, words, said):
    answer = toile("inspect", "prune", killed, *words)
    assert (answer.code, answer.output) == (2, "")
    assert said in answer.errors
