import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

import toile as library
from toile.cli.training import summary
from toile.evaluation import cross_entropy
from toile.recipe import with_settings
from toile.report.page.status import run_status
from toile.runs import Run

# Here an SVG is what users get: elsewhere the suite leaves figures out.
pytestmark = pytest.mark.usefixtures("with_figures")


def test_a_run_has_its_report_page_and_says_where(among_runs):
    page = (among_runs / "report.html").read_text()
    assert "s1-lab" in page
    assert "T-shirt/top" in page
    assert not re.search(r"""(src|href)=["']?(http|//)|url\(["']?http|<script""", page)


def test_the_result_is_one_json_object_on_the_last_line(toile, tmp_path, quickly):
    answer = toile("train", "s1-lab", "--out=run", "--json", "--no-page", *quickly)
    assert answer.code == 0
    assert answer.json["run"] == "run"
    assert answer.json["state"] == "finished"
    accuracy = answer.json["validation"]["accuracy"]
    assert set(accuracy) == {"value", "low", "high", "n"}
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert accuracy["n"] == 1200
    assert answer.output.count("\n") == 1
    assert not (tmp_path / "run" / "report.html").exists()


def test_the_same_words_twice_give_the_same_weight_files(toile, tmp_path, quickly):
    for name in ("one", "two"):
        assert (
            toile("train", "s1-lab", f"--out={name}", "--no-page", "--seed=3", *quickly).code == 0
        )
    for file in ("last.safetensors", "best.safetensors", "validation.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_piped_it_says_the_summary_alone(toile, quickly):
    answer = toile("train", "s1-lab", "--out=run", *quickly)
    assert "accuracy" in answer.output
    assert "T-shirt/top" in answer.output
    assert "report  run/report.html" in answer.output
    assert "images/s" not in answer.output + answer.errors
    assert "\x1b" not in answer.output + answer.errors


def test_a_note_says_what_was_done_otherwise_than_asked(toile, quickly):
    answer = toile("train", "s1-lab", "--out=run", "--no-page", *quickly)
    assert "note: validation: 5000 asked of 6000 images; took 1200" in answer.errors


def test_a_diverged_run_exits_with_3_and_is_not_resumed(toile, quickly):
    beyond = [
        "--set=training.optimizer.sgd.learning_rate=1e6",
        "--set=network.relu2={scale: 10000}",
        "--set=training.epochs=5",
    ]
    answer = toile("train", "s1-lab", "--out=run", "--no-page", *quickly, *beyond)
    assert answer.code == 3
    assert "diverged" in answer.output
    again = toile("resume", "run")
    assert again.code == 2
    assert "lower learning rate" in again.errors


def test_a_finished_run_goes_on_to_more_epochs_as_if_it_had_been_asked_at_once(
    toile, tmp_path, quickly
):
    for name, epochs in (("once", 2), ("later", 1)):
        words = [*quickly, f"--set=training.epochs={epochs}"]
        assert toile("train", "s1-lab", f"--out={name}", "--no-page", *words).code == 0
    assert toile("resume", "later", "--no-page").code == 2
    assert toile("resume", "later", "--epochs=2", "--no-page").code == 0
    last = [(tmp_path / name / "last.safetensors").read_bytes() for name in ("once", "later")]
    assert last[0] == last[1]


def test_a_run_starts_from_anothers_weights_and_says_which(toile, among_runs, tmp_path, quickly):
    answer = toile(
        "train", "s1-lab", "--out=run", f"--from={among_runs}", *quickly,
        "--set=training.start.up_to=conv1", "--set=training.start.freeze_up_to=conv1",
    )  # fmt: skip
    assert answer.code == 0
    assert "layers copied: conv1; frozen: conv1; initialised, since" in answer.errors
    assert "not requested: dense1, dense2\n" in answer.errors
    assert "5,594 trained" in (tmp_path / "run" / "report.html").read_text()
    start = Run(tmp_path / "run").recipe.training.start
    assert start.copied == start.frozen == ("conv1",)
    assert start.sha256 == Run(among_runs).results.weights["last"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "'nothing' is neither a recipe file nor a preset"),
        (["s1-lab", "--data=nowhere"], "data.name is nowhere"),
        (["s1-lab", "--set=training.epochs"], "write address=value"),
        (["s1-lab", "--set=training.epochs=0"], "training.epochs is 0, which trains nothing"),
        (["s1-lab", "--seed=-1"], "seed is -1"),
        (["s1-lab", "--set=training.device=cuda"], "training.device is cuda"),
        (["s1-lab", "--from=none", "--data=fashion-sample"], "no run in"),
        (["s1-lab", "--set=network.conv1.name=forward", "--data=fashion-sample"], "forward"),
    ],
)
def test_what_a_user_can_put_right_is_said_without_a_traceback(toile, tmp_path, words, message):
    answer = toile("train", *words)
    assert answer.code == 2
    assert message in answer.errors
    assert "Traceback" not in answer.errors
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_it_shows_a_bar_a_line_an_epoch_and_a_curve(tmp_path, quickly):
    words = ["train", "s1-lab", f"--out={tmp_path / 'run'}", "--no-page", "--curve", *quickly]
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "toile.cli", *words],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(inside)
    shown = b""
    while chunk := read(terminal):
        shown += chunk
    assert process.wait() == 0
    os.close(terminal)
    said = shown.decode()
    assert "Traceback" not in said
    assert re.search(r"epoch 1  loss \d\.\d{4}", said)
    assert "▁" in said


def read(terminal: int) -> bytes:
    """What a pseudo-terminal shows next; nothing once its process has gone."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_where_nobody_watches_each_epoch_is_a_line(toile, quickly):
    answer = toile("train", "s1-lab", "--out=run", "--no-page", *quickly, "--set=training.epochs=2")
    lines = [line for line in answer.errors.splitlines() if line.startswith("epoch ")]
    assert [
        re.match(r"epoch (\d)  loss \d\.\d{4} acc .* val loss ", line)[1] for line in lines
    ] == [
        "1",
        "2",
    ]
    assert "epoch 1" not in answer.output
    quiet = toile("train", "s1-lab", "--out=quiet", "--no-page", *quickly, "-q")
    assert quiet.errors == ""
    assert "accuracy" in quiet.output


def test_two_threads_train_where_the_environment_allows_torch_one(toile, quickly, monkeypatch):
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    monkeypatch.setenv("OMP_DYNAMIC", "true")
    words = ["--set=training.threads=2", "--set=training.shards=1"]
    answer = toile("train", "s1-lab", "--out=run", "--no-page", *quickly, *words)
    assert answer.code == 0
    for name in ("OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true"):
        assert f"note: {name} is left out of account" in answer.errors


def test_recalls_and_loss_are_of_the_images_that_score(small, tmp_path):
    stops = with_settings(small(validation=20), {"training.early_stopping.patience": 1})
    run = library.train(stops, out=tmp_path / "run")
    scores = np.bincount(run.validation.labels[run.validation.selection == 0])
    rows = [line.split() for line in summary(run).splitlines()]
    shown = {row[0]: int(row[-1]) for row in rows if row and row[0] in run.data.class_names}
    assert shown == dict(zip(run.data.class_names, scores.tolist(), strict=True))
    assert sum(shown.values()) == run.score.n < len(run.validation.labels)
    holdout = run.validation.selection == 0
    loss = cross_entropy(run.validation.logits[holdout], run.validation.labels[holdout])
    assert loss != pytest.approx(run.results.validation.loss)
    assert f"loss  {loss:.4f}" in summary(run)
    assert run_status(run).loss == loss
