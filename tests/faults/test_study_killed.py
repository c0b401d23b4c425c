"""A study killed as a whole or in part goes on to the table of the study that nothing disturbed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toile.runs import Run, read_state
from toile.studies import open_study

WORDS = [
    "study",
    "s1-lab",
    "--vary=network.conv1.filters=2,3",
    "--readings=2",
    "--data=fashion-sample",
    "--epochs=8",
    "--set=training.batch_size=64",
    "--no-page",
]
SECONDS = {"seconds", "images_per_second", "evaluation_seconds", "total_seconds"}


def start(folder: Path, *more: str, **environment: str) -> subprocess.Popen:
    """`toile study` at work in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "toile.cli", *WORDS, f"--out={folder}", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **environment},
    )


def end(process: subprocess.Popen) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def remains(folder: Path) -> dict[str, object]:
    """What must be the same whatever happened: by reading, its weights' bits and its history."""
    kept = {}
    for reading in open_study(folder).readings:
        records = [
            {name: value for name, value in json.loads(line).items() if name not in SECONDS}
            for line in (reading.folder / "history.jsonl").read_text().splitlines()
        ]
        weights = (reading.folder / "last.safetensors").read_bytes()
        kept[reading.folder.name] = (reading.score, weights, records)
    return kept


def created(folder: Path) -> dict[str, str]:
    """When each finished reading was begun."""
    places = sorted((folder / "readings").glob("*/state.json"))
    states = {path.parent.name: read_state(path.parent) for path in places}
    return {key: one.created for key, one in states.items() if one.status == "finished"}


def wait_for(seen: Callable[[], object], process: subprocess.Popen) -> None:
    while not seen():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def running(folder: Path) -> Iterator[tuple[str, int]]:
    """Keys and processes of the readings that are being trained now."""
    for path in (folder / "readings").glob("*/state.json"):
        state = read_state(path.parent)
        if state.status == "running" and state.alive:
            yield path.parent.name, state.pid


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed") / "study"
    code, _, errors = end(start(folder))
    assert code == 0, errors
    return remains(folder)


def wait_while(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    while process.poll() is None and condition():
        time.sleep(0.005)


def kill_often(folder: Path, count: int, seed: int) -> int:
    """Kill the whole group `count` times; returns how often it was training then.

    By turns at a random moment of its beginning, and at one of its training.
    """
    rng, training = random.Random(seed), 0
    for turn in range(count):
        process, before = start(folder), created(folder)
        until = time.monotonic() + rng.uniform(0, 3)
        if turn % 2:
            wait_while(process, lambda: not any(running(folder)))
            until = time.monotonic() + rng.uniform(0, 1.5)
        wait_while(process, lambda until=until: time.monotonic() < until)
        if turn % 2:
            # Between two readings none is trained.
            wait_while(process, lambda: not any(running(folder)))
        training += any(running(folder))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        # No cell twice: what had finished was not begun again.
        assert before.items() <= created(folder).items()
    return training


def test_killed_as_a_whole_it_goes_on_to_the_same_table(undisturbed, tmp_path):
    assert kill_often(tmp_path / "study", 2, seed=1) >= 1
    before = created(tmp_path / "study")
    code, _, errors = end(start(tmp_path / "study"))
    assert code == 0, errors
    assert before.items() <= created(tmp_path / "study").items()
    assert remains(tmp_path / "study") == undisturbed
    assert len(list((tmp_path / "study" / "readings").iterdir())) == 4


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_often_it_goes_on_to_the_same_table(undisturbed, tmp_path):
    training = 0
    for place in range(8):
        folder = tmp_path / str(place)
        training += kill_often(folder, 6, seed=place)
        assert end(start(folder))[0] == 0
        assert remains(folder) == undisturbed
    assert training >= 16


def test_a_worker_killed_midway_costs_no_reading(undisturbed, tmp_path):
    process = start(tmp_path / "study", "--workers=1")
    wait_for(lambda: any(running(tmp_path / "study")), process)
    _, pid = next(running(tmp_path / "study"))
    os.kill(pid, signal.SIGKILL)
    code, _, errors = end(process)
    assert code == 0, errors
    assert "failed, tried once more: its process was ended by SIGKILL" in errors
    assert remains(tmp_path / "study") == undisturbed


def test_a_reading_whose_worker_is_killed_twice_has_failed_and_is_tried_when_asked_again(
    undisturbed, tmp_path
):
    process, killed = start(tmp_path / "study", "--workers=1"), set()
    while len(killed) < 2:
        assert process.poll() is None, process.communicate()
        for key, pid in running(tmp_path / "study"):
            if key == "3-1" and pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        time.sleep(0.002)
    code, output, errors = end(process)
    assert code == 0, errors
    assert "1 of 2 readings of 3 failed" in output
    assert "3, reading 1 failed: its process was ended by SIGKILL" in output
    assert open_study(tmp_path / "study").count("failed") == 1
    assert end(start(tmp_path / "study"))[0] == 0
    assert remains(tmp_path / "study") == undisturbed


def test_where_the_study_alone_is_killed_its_workers_stop_with_a_checkpoint(undisturbed, tmp_path):
    folder = tmp_path / "study"
    process = start(folder, "--workers=1")
    wait_for(lambda: any(running(folder)), process)
    pids = [pid for _, pid in running(folder)]
    process.kill()
    process.communicate()
    # At once: it waits until they have let go.
    code, _, errors = end(start(folder))
    assert code == 0, errors
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert remains(folder) == undisturbed


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_stops_it_with_checkpoints_and_says_how_to_go_on(undisturbed, tmp_path, number):
    folder = tmp_path / "study"
    process = start(folder, "--workers=1")
    wait_for(lambda: any(running(folder)), process)
    # To the whole group, as a terminal sends it.
    os.killpg(process.pid, number)
    code, _, errors = end(process)
    assert code == 130
    assert f"toile: stopped; toile study {folder} goes on with it" in errors
    assert "Traceback" not in errors
    standings = {one.status for one in open_study(folder).readings}
    assert standings <= {"stopped", "finished", "waiting"}
    assert "stopped" in standings
    again = subprocess.run(
        [sys.executable, "-m", "toile.cli", "study", str(folder), "--no-page"], check=False
    )
    assert again.returncode == 0
    assert remains(folder) == undisturbed


def test_two_at_once_the_second_is_refused(tmp_path):
    first = start(tmp_path / "study", "--workers=1", "--epochs=1000")
    wait_for(lambda: any(running(tmp_path / "study")), first)
    code, _, errors = end(start(tmp_path / "study", "--epochs=1000"))
    first.terminate()
    assert end(first)[0] == 130
    assert code == 2
    assert f"{tmp_path / 'study'} is in use by another process" in errors


FULL_WHILE_THERE = """
import errno, os, pathlib

real, marker = os.fsync, pathlib.Path(os.environ["FULL_WHILE_THERE"])

def fsync(handle):
    if marker.exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return real(handle)

os.fsync = fsync
"""


def test_a_full_disk_pauses_it_and_it_goes_on_when_there_is_room(undisturbed, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(FULL_WHILE_THERE)
    marker = tmp_path / "full"
    process = start(
        tmp_path / "study",
        "--workers=1",
        PYTHONPATH=str(tmp_path),
        FULL_WHILE_THERE=str(marker),
    )
    wait_for(lambda: any(running(tmp_path / "study")), process)
    marker.touch()
    said = ""
    while "paused" not in said:
        said = process.stderr.readline()
        assert said, process.communicate()
    marker.unlink()
    assert "No space left on device" in said
    assert end(process)[0] == 0
    assert [*tmp_path.rglob("*.tmp")] == []
    assert Run(tmp_path / "study" / "readings" / "2-1").results["state"] == "finished"
    assert remains(tmp_path / "study") == undisturbed
