"""A run killed at any moment goes on to the bits of the run that nothing disturbed."""

import contextlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.halting import train_until_killed
from toile.library import resume, train
from toile.runs import read_state

SETTINGS = {
    "network.conv1.filters": 4,
    "training.epochs": 2,
    "training.batch_size": 50,
    "data.validation": 100,
    "training.precision": "float32",
}
NUM_STEPS = 20
SECONDS = {"seconds", "images_per_second", "evaluation_seconds", "total_seconds"}
# Processes that have torch loaded already, and are killed all the same.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["toile.runs.resuming"])


def start(task, *arguments, **named) -> BaseProcess:
    process = PROCESSES.Process(target=task, args=arguments, kwargs=named)
    process.start()
    return process


def training(folder: Path, threads: int) -> dict[str, object]:
    """A short training into `folder` that writes a checkpoint at every step."""
    settings = {**SETTINGS, "training.threads": threads}
    return {
        "recipe": "s1-lab",
        "data": "garments.npz",
        "settings": settings,
        "out": folder,
        "checkpoint_seconds": 0,
    }


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


@pytest.fixture(scope="module", autouse=True)
def beside_the_data(few_garments) -> Iterator[None]:
    with contextlib.chdir(few_garments.parent):
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What remains of the run that nothing disturbed, by number of threads."""
    kept = {}
    for threads in (1, 2):
        folder = tmp_path_factory.mktemp("undisturbed") / "run"
        wait_for_success(start(train, **training(folder, threads)))
        kept[threads] = remains(folder)
    return kept


def kill_and_compare(folder: Path, threads: int, step: int, calls: int, expected) -> None:
    """A training that is killed `calls` calls after `step` goes on to what is expected."""
    process = start(train_until_killed, step, calls, **training(folder, threads))
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert read_state(folder).status == "interrupted"
    wait_for_success(start(resume, folder))
    assert remains(folder) == expected


def kill_often(count: int, seed: int, folder: Path, undisturbed) -> None:
    """Kill `count` runs, of one and two threads by turns, at random calls of random steps."""
    rng = random.Random(seed)
    for place in range(count):
        threads = 1 + place % 2
        # A step of this training makes some 750 calls, those of its checkpoint among them.
        moment = rng.randrange(NUM_STEPS + 1), rng.randrange(750)
        kill_and_compare(folder / str(place), threads, *moment, undisturbed[threads])


def test_runs_killed_at_random_calls_resume_to_the_same_bits(undisturbed, tmp_path):
    kill_often(2, 1, tmp_path, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_random_kills_all_resume_to_the_same_bits(undisturbed, tmp_path):
    kill_often(200, 2, tmp_path, undisturbed)


def toile(*words: str, **environment: str) -> subprocess.Popen:
    """The command line in a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "toile.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.fixture
def halted(halting, tmp_path) -> Iterator[subprocess.Popen]:
    """`toile train` into `tmp_path / "run"`, standing still after its third checkpoint."""
    settings = {**SETTINGS, "training.threads": 1}
    sets = [f"--set={name}={value}" for name, value in settings.items()]
    process = toile(
        "train",
        "s1-lab",
        "--data=garments.npz",
        f"--out={tmp_path / 'run'}",
        "--checkpoint-seconds=0",
        *sets,
        **halting.environment("*/checkpoint/step-*", count=3),
    )
    assert halting.wait(process.pid).pid == process.pid
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("calls", [0, 50, 200])
def test_killed_before_its_first_checkpoint_a_run_begins_at_its_first_step(
    undisturbed, tmp_path, calls
):
    kill_and_compare(tmp_path / "run", 1, 0, calls, undisturbed[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_with_a_checkpoint(undisturbed, tmp_path, halted, halting, number):
    folder = tmp_path / "run"
    halted.send_signal(number)
    halting.release()
    output, _ = halted.communicate(timeout=60)
    assert halted.returncode == 130
    assert "toile resume" in output
    assert read_state(folder).status == "stopped"
    wait_for_success(start(resume, folder))
    assert remains(folder) == undisturbed[1]


def test_a_run_that_is_running_is_not_resumed_beside_itself(tmp_path, halted):
    second = toile("resume", str(tmp_path / "run"))
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"is running already (process {halted.pid})" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_training_ends_with_a_sentence(tmp_path, halting, number):
    process = toile(
        "train",
        "s1-lab",
        "--data=garments.npz",
        f"--out={tmp_path / 'run'}",
        **halting.environment(module="torch"),
    )
    assert halting.wait(process.pid).pid == process.pid
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "toile: stopped; a run that had begun is continued by toile resume\n"


def test_of_two_that_resume_at_once_one_is_refused(undisturbed, tmp_path):
    folder = tmp_path / "run"
    process = start(train_until_killed, 5, 0, **training(folder, 1))
    process.join(120)
    pair = [start(resume, folder) for _ in range(2)]
    for one in pair:
        one.join(120)
    assert 0 in [one.exitcode for one in pair]
    assert remains(folder) == undisturbed[1]
