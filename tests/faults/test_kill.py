"""A run killed at any moment goes on to the bits of the run that nothing disturbed."""

import json
import multiprocessing
import random
import re
import signal
import subprocess
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from toile.runs import read_state
from toile.workbench.begin import train
from toile.workbench.go_on import resume

SETTINGS = [
    "network.conv1.filters=4",
    "training.epochs=2",
    "training.batch_size=256",
    "data.validation=600",
    "training.precision=float32",
]
SECONDS = {"seconds", "images_per_second", "evaluation_seconds", "total_seconds"}
# Processes that have torch loaded already, and are killed all the same.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["toile.workbench.go_on"])


def start(task, *arguments, **named) -> BaseProcess:
    process = PROCESSES.Process(target=task, args=arguments, kwargs=named)
    process.start()
    return process


def start_training(folder: Path, threads: int) -> BaseProcess:
    """A short training into `folder` that writes a checkpoint at every step."""
    settings = [*SETTINGS, f"training.threads={threads}"]
    return start(
        train, "s1-lab", data="fashion-sample", settings=settings, out=folder, checkpoint_seconds=0
    )


def wait_for_success(process: BaseProcess) -> None:
    process.join(120)
    assert process.exitcode == 0


def remains(folder: Path) -> tuple[bytes, bytes, list[dict]]:
    """What must be the same whatever happened on the way: weights, best weights, history."""
    records = [
        {name: value for name, value in json.loads(line).items() if name not in SECONDS}
        for line in (folder / "history.jsonl").read_text().splitlines()
    ]
    last, best = ((folder / f"{which}.safetensors").read_bytes() for which in ("last", "best"))
    return last, best, records


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What remains of the run that nothing disturbed, by number of threads."""
    kept = {}
    for threads in (1, 2):
        folder = tmp_path_factory.mktemp("undisturbed") / "run"
        wait_for_success(start_training(folder, threads))
        kept[threads] = remains(folder)
    return kept


@pytest.fixture(scope="module")
def length_seconds(tmp_path_factory) -> float:
    """How long a run lasts here, from its first file to its last."""
    folder = tmp_path_factory.mktemp("timed") / "run"
    process = start_training(folder, 1)
    wait_for("state.json", process.is_alive, folder)
    started = time.monotonic()
    wait_for_success(process)
    return time.monotonic() - started


def wait_for(pattern: str, alive, folder: Path) -> None:
    while not list(folder.glob(pattern)):
        assert alive()
        time.sleep(0.002)


def kill_and_compare(folder: Path, threads: int, after_seconds: float, expected) -> str:
    """Kill a training so long after it is a run; returns how its state read then."""
    process = start_training(folder, threads)
    wait_for("state.json", process.is_alive, folder)
    time.sleep(after_seconds)
    process.kill()
    process.join()
    status = read_state(folder).status
    if status != "finished":
        wait_for_success(start(resume, folder))
    assert remains(folder) == expected
    return status


def kill_often(
    count: int, seed: int, folder: Path, undisturbed, length_seconds: float
) -> list[str]:
    """Kill `count` runs, of one and two threads by turns, at random moments of their length."""
    rng = random.Random(seed)
    return [
        kill_and_compare(
            folder / str(place),
            1 + place % 2,
            rng.uniform(0, 0.9 * length_seconds),
            undisturbed[1 + place % 2],
        )
        for place in range(count)
    ]


def test_twenty_random_kills_all_resume_to_the_same_bits(undisturbed, length_seconds, tmp_path):
    statuses = kill_often(20, 1, tmp_path, undisturbed, length_seconds)
    assert statuses.count("interrupted") >= 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_random_kills_all_resume_to_the_same_bits(
    undisturbed, length_seconds, tmp_path
):
    statuses = kill_often(200, 2, tmp_path, undisturbed, length_seconds)
    assert statuses.count("interrupted") >= 100


def toile(*words: str) -> subprocess.Popen:
    """The command line in a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "toile.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_command(folder: Path, *more: str) -> subprocess.Popen:
    """`toile train` at work on a run in `folder`, past its first checkpoint."""
    sets = [f"--set={one}" for one in (*SETTINGS, "training.threads=1", *more)]
    process = toile(
        "train",
        "s1-lab",
        "--data=fashion-sample",
        f"--out={folder}",
        "--checkpoint-seconds=0",
        *sets,
    )
    wait_for("checkpoint/step-*", lambda: process.poll() is None, folder)
    return process


def test_killed_before_its_first_checkpoint_a_run_begins_at_its_first_step(undisturbed, tmp_path):
    assert kill_and_compare(tmp_path / "run", 1, 0, undisturbed[1]) == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_with_a_checkpoint(undisturbed, tmp_path, number):
    folder = tmp_path / "run"
    process = start_command(folder)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "toile resume" in output
    assert read_state(folder).status == "stopped"
    wait_for_success(start(resume, folder))
    assert remains(folder) == undisturbed[1]


def test_a_run_that_is_running_is_not_resumed_beside_itself(tmp_path):
    first = start_command(tmp_path / "run", "training.epochs=1000")
    second = toile("resume", str(tmp_path / "run"))
    _, errors = second.communicate(timeout=60)
    first.kill()
    first.communicate()
    assert second.returncode == 2
    assert f"is running already (process {first.pid})" in errors


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal; Python's, for SIGINT, is not."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1 and caught >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_training_ends_with_a_sentence(tmp_path, number):
    process = toile("train", "s1-lab", "--data=fashion-sample", f"--out={tmp_path / 'run'}")
    while not catches(process.pid, number):
        time.sleep(0.005)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "toile: stopped; a run that had begun goes on with toile resume\n"


def test_of_two_that_resume_at_once_one_is_refused(undisturbed, tmp_path):
    folder = tmp_path / "run"
    process = start_training(folder, 1)
    wait_for("checkpoint/step-*", process.is_alive, folder)
    process.kill()
    process.join()
    pair = [start(resume, folder) for _ in range(2)]
    for one in pair:
        one.join(120)
    assert 0 in [one.exitcode for one in pair]
    assert remains(folder) == undisturbed[1]
