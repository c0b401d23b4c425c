import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import call_in
from toile.cli.study import seconds_in
from toile.errors import ToileError

WORDS = [
    "study",
    "s1-lab",
    "--vary=network.conv1.filters=2,3",
    "--readings=2",
    "--data=fashion-sample",
    "--epochs=1",
    "--set=training.batch_size=1000",
    "--set=data.validation=600",
    "--reach=0.1",
    "--on=inline",
]

WORDS_HERE = [sys.executable, "-m", "toile.cli", *WORDS]


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """What the first `toile study` said, and the folder it was run in."""
    place = tmp_path_factory.mktemp("taken")
    done = call_in(place, *WORDS, "--json")
    return done, place


@pytest.fixture
def beside(taken, monkeypatch):
    """The folder of that study, with `toile` looking for runs beside it."""
    monkeypatch.setenv("TOILE_RUNS", str(taken[1] / "runs"))
    return taken[1] / "runs" / "s1-lab-by-filters"


def test_it_ends_with_the_verdict_and_every_reading_as_json(taken):
    done, _ = taken
    assert done.code == 0, done.errors
    said = json.loads(done.output.splitlines()[-1])
    assert set(said["levels"]) == {"2", "3"}
    assert said["levels"]["2"]["n"] == 2
    (pair,) = said["pairs"]
    assert {pair["a"], pair["b"]} == {"2", "3"}
    assert said["sentence"]
    assert [(one["level"], one["number"], one["seed"]) for one in said["readings"]] == [
        ("2", 1, 0), ("2", 2, 1), ("3", 1, 0), ("3", 2, 1),
    ]  # fmt: skip
    assert {one["status"] for one in said["readings"]} == {"finished"}
    assert all(Path(one["run"]).name for one in said["readings"])
    assert [(one["level"], one["accuracy"], one["readings"]) for one in said["reached"]] == [
        ("2", 0.1, 2), ("3", 0.1, 2),
    ]  # fmt: skip
    assert said["seconds"] > 0


def test_before_it_says_what_it_will_need_and_then_a_line_for_each_reading(taken):
    said = taken[0].errors
    assert "s1-lab-by-filters: 2 levels, 4 readings to train, 1 at once" in said
    assert "No SD is known yet; this example uses" in said
    assert "2, reading 1: " in said
    assert "3 of 4 readings, about" in said
    assert "\x1b" not in said


def test_its_folder_has_everything_and_the_verdict_is_the_one_of_its_table(
    taken, beside, toile, tmp_path
):
    files = {"study.yaml", "study.json", "verdict.json", "report.html", "readings"}
    files |= {"analyses.jsonl"}
    assert files <= {path.name for path in beside.iterdir()}
    said = json.loads(taken[0].output.splitlines()[-1])
    with (tmp_path / "table.csv").open("w") as file:
        rows = [(one["level"], one["score"]) for one in said["readings"]]
        csv.writer(file).writerows([("level", "reading"), *rows])
    # A study keeps half of its 5 % for what may be asked later.
    verdict = toile("verdict", "table.csv", "--alpha", "0.025", "--json").json
    assert (said["alpha"], said["analysis"]) == (0.025, 1)
    assert verdict["levels"] == said["levels"]
    for mine, theirs in zip(verdict["pairs"], said["pairs"], strict=True):
        assert mine | {"more_readings": 0} == theirs | {"more_readings": 0}


def test_runs_lists_no_readings_and_a_reading_is_shown_by_its_folder(beside, toile):
    assert toile("runs", "--json").json == {"runs": []}
    assert toile("show", beside / "readings" / "2-1").code == 0


@pytest.mark.parametrize("source", ["the words", "the folder", "last", "s1-lab-by"])
def test_asked_again_it_goes_on_with_what_is_there(beside, toile, source):
    words = {"the words": WORDS, "the folder": ["study", beside]}
    answer = toile(*words.get(source, ["study", source]), "--no-page")
    assert answer.code == 0, answer.errors
    assert "4 of 4 readings are there" in answer.errors
    assert answer.output.startswith("level  n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set=training.batch_size=500"], "training.batch_size was 1000 and is now 500"),
        (["--readings=0"], "readings is 0; it goes from 1 to 1000"),
        (["--vary=network.conv1.filters=4,0"], "level 0: network.conv1.filters is 0"),
        (["--vary=filters"], "write ADDRESS=V1,V2"),
        (["--budget=20m"], "--budget is the time limit of --until-decided"),
    ],
)
def test_what_a_user_can_put_right_is_said_without_a_traceback(beside, toile, words, message):
    before = (beside / "study.yaml").read_bytes()
    answer = toile(*WORDS, *words)
    assert answer.code == 2
    assert message in answer.errors
    assert "Traceback" not in answer.errors
    assert (beside / "study.yaml").read_bytes() == before


def test_all_diverged_it_exits_with_3(toile):
    answer = toile(
        *WORDS[:1], "s1-lab", "--readings=1", *WORDS[4:], "--json",
        "--set=training.optimizer.sgd.learning_rate=1e6", "--set=network.relu2={scale: 10000}",
        "--set=training.epochs=5",
    )  # fmt: skip
    assert answer.code == 3, answer.errors
    assert answer.json["levels"] == {}
    assert [one["status"] for one in answer.json["readings"]] == ["diverged"]


def test_the_example_that_study_new_writes_works_and_is_not_written_over(
    toile, tmp_path, few_garments
):
    assert toile("study", "new", "mine.yaml").code == 0
    written = (tmp_path / "mine.yaml").read_text()
    words = [
        f"--data={few_garments}",
        "--readings=1",
        "--epochs=1",
        "--open-test",
        "--why=the test",
        "--json",
    ]
    answer = toile("study", "mine.yaml", *words)
    assert answer.code == 0, answer.errors
    assert answer.json["question"] == "Do more filters in the first layer help?"
    assert answer.json["test"]["levels"]["64"]["n"] == 1
    assert answer.json["test"]["look"]["networks"] == 2
    assert "with one reading of each level nothing is known" in answer.json["sentence"]
    assert toile("study", "new", "mine.yaml").code == 2
    assert (tmp_path / "mine.yaml").read_text() == written


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("20m", 1200), ("1h30m", 5400), ("1h1m1s", 3661)]
)
def test_a_budget_is_written_as_times_are(text, seconds):
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "soon", "-5m", "5 m m"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ToileError, match="write a time such as"):
        seconds_in(text)


def test_on_a_terminal_the_table_fills_in(tmp_path):
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [*WORDS_HERE, "--readings=1", f"--out={tmp_path / 'study'}", "--no-page"],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(inside)
    shown = b""
    while chunk := read(terminal):
        shown += chunk
    assert process.wait() == 0
    os.close(terminal)
    said = shown.decode()
    assert "Traceback" not in said
    assert "1 of 2 readings, about" in said
    assert "0 %" in said
    assert "95 % interval" in said


def read(terminal: int) -> bytes:
    """What a pseudo-terminal shows next; nothing once its process has gone."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_it_is_shown_and_compared_by_its_name(taken, beside, toile):
    told = json.loads(taken[0].output.splitlines()[-1])
    shown = toile("show", "s1-lab-by-filters")
    assert told["sentence"] in shown.output
    assert shown.output.endswith(f"study  {beside}\n")
    assert toile("show", "s1-lab-by", "--json").json["sentence"] == told["sentence"]
    assert "--reach and --curve are for runs" in toile("show", "s1-lab-by", "--curve").errors
    run = told["readings"][0]["run"]
    run_of = taken[1] / run
    compared = toile("compare", "s1-lab-by", run_of, "--json").json
    assert [(one["level"], one["n"]) for one in compared["levels"]] == [
        ("2", 2),
        ("3", 2),
        ("s1-lab", 1),
    ]
    assert compared["same_data"]
    said = toile("compare", "s1-lab-by", beside).output
    assert "Levels that are not of one study get no verdict" in said
    assert "name only runs" not in said
    assert "name only runs; toile runs lists them" in toile("compare", "s1-lab-by", run_of).output
