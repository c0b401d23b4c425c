import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.command_line import call_in

WORDS = (
    "search",
    "s1-lab",
    "--over=network.conv1.filters=2..6",
    "--over=network.relu1=off,gelu",
    "--trials=4",
    "--finalists=1",
    "--readings=1",
    "--epochs=2",
    "--set=training.batch_size=100",
    "--on=inline",
)


def known(said: dict) -> list:
    return [(one["number"], one["values"], one["status"], one["scores"]) for one in said["trials"]]


@pytest.fixture(scope="module")
def asked(few_garments):
    """The words of a search on few images."""
    return [*WORDS, f"--data={few_garments}"]


@pytest.fixture(scope="module")
def taken(asked, tmp_path_factory):
    place = tmp_path_factory.mktemp("taken")
    done = call_in(place, *asked, "--json")
    assert done.code == 0, done.errors
    return done, place / "runs" / "s1-lab-search-by-filters-and-relu1"


def test_it_ends_with_the_trials_and_the_result_as_json(taken):
    done, folder = taken
    said = json.loads(done.output.splitlines()[-1])
    assert [one["number"] for one in said["trials"]] == [1, 2, 3, 4]
    assert said["finished"] + said["pruned"] == 4
    (chosen,) = said["chosen"]
    assert chosen["chosen_on"] == "the half of validation that chooses"
    assert chosen["n"] == said["result"]["levels"][f"trial {chosen['trial']}"]["n"] == 1
    assert chosen["mean"] == said["result"]["levels"][f"trial {chosen['trial']}"]["mean"]
    assert "As trial " in said["sentence"]
    assert "chosen for being the highest is on average too high" in said["sentence"]
    assert json.loads((folder / "summary.json").read_text())["chosen"] == said["chosen"]


def test_it_says_each_trial_and_what_is_read_again(taken):
    done, folder = taken
    assert "4 trials to run, in " in done.errors
    assert "trial 1 (filters " in done.errors
    assert "4 of 4 trials" in done.errors
    (ahead,) = (line for line in done.errors.split("\n") if line.startswith("the trials are over"))
    assert ahead.endswith("are trained again with new seeds: 1 training to run")
    assert "on the images it was chosen by" in (folder / "report.html").read_text().lower()


def test_asked_again_by_its_folder_it_only_tells(taken, toile):
    answer = toile("search", taken[1], "--no-page")
    assert answer.code == 0, answer.errors
    assert "4 of 4 trials are there" in answer.errors
    assert answer.output.startswith("trial  settings")
    assert "trained again" in answer.output


def test_killed_in_a_trial_and_asked_again_it_comes_to_the_same(
    asked, taken, toile, tmp_path, halting
):
    words = [sys.executable, "-m", "toile.cli", *asked, "--out=killed", "--json"]
    environment = {**os.environ, **halting.environment("*/trial-3/checkpoint/step-*")}
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    assert halting.wait(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    answer = toile(*asked, "--out=killed", "--json")
    assert answer.code == 0, answer.errors
    undisturbed = json.loads(taken[0].output.splitlines()[-1])
    assert known(answer.json) == known(undisturbed)
    assert answer.json["result"]["levels"] == undisturbed["result"]["levels"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--over=network.conv1.filters=6..2"], "from the lower number to the higher"),
        (["--sampler=grid"], "it is one of tpe, random"),
        (["--out="], "--out is empty"),
    ],
)
def test_what_a_user_can_put_right_is_said_without_a_traceback(
    asked, toile, tmp_path, words, message
):
    answer = toile(*asked, *words)
    assert answer.code == 2
    assert message in answer.errors
    assert "Traceback" not in answer.errors
    assert list(tmp_path.iterdir()) == []


def test_it_is_shown_by_its_name(taken, toile, monkeypatch):
    done, folder = taken
    monkeypatch.setenv("TOILE_RUNS", str(folder.parent))
    shown = toile("show", folder.name)
    assert json.loads(done.output.splitlines()[-1])["sentence"] in shown.output
    assert shown.output.endswith(f"search  {folder}\n")


def test_the_finalists_verdict_is_said_once_and_called_theirs(taken, toile, tmp_path):
    folder = tmp_path / "two"
    shutil.copytree(taken[1], folder)
    grown = toile("search", folder, "--finalists=2", "--readings=2", "--no-page")
    assert grown.code == 0, grown.errors
    assert "3 trainings to run" in grown.errors
    assert grown.output.count("is analysis 1 of the finalists, tested at 2.5 %") == 1
    assert grown.output.count("is analysis") == 1
