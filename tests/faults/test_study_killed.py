"""A study killed as a whole or in part goes on to the table of the study that nothing disturbed."""

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import call
from tests.halting import Halting
from toile.runs import Run, read_state
from toile.studies import open_study

WORDS = [
    "study",
    "s1-lab",
    "--vary=network.conv1.filters=2,3",
    "--readings=2",
    "--data=garments.npz",
    "--epochs=4",
    "--set=training.batch_size=16",
    "--set=data.size_px=14",
    "--set=training.threads=1",
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
    output, errors = process.communicate(timeout=300)
    return process.returncode, output, errors


def go_on_here(folder: Path) -> None:
    """Train in this process what is missing of the study."""
    answer = call(*WORDS, f"--out={folder}", "--on=inline")
    assert answer.code == 0, answer.errors


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


@pytest.fixture(scope="module", autouse=True)
def beside_the_data(few_garments) -> Iterator[None]:
    with contextlib.chdir(few_garments.parent):
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed") / "study"
    go_on_here(folder)
    return remains(folder)


class Killing:
    """Kills a whole study again and again, each time when one of its processes halts at a file."""

    def __init__(self, folder: Path, halting: Halting) -> None:
        self.folder, self.halting = folder, halting

    def kill(self, file: str, count: int = 1) -> bool:
        """Go on until the `count`-th such file was written; whether it was."""
        before = created(self.folder)
        process = start(self.folder, **self.halting.environment(file, count=count))
        halted = self.halting.wait(process.pid)
        if halted:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        # No reading is trained twice: what had finished was not begun again.
        assert before.items() <= created(self.folder).items()
        return halted is not None


PLANNED, BEGUN = ("*/study/study.yaml", 1), ("*/2-1/recipe.yaml", 1)
MIDWAY, DONE = ("*/3-*/best.safetensors", 2), ("*/readings/*/results.json", 1)
SECOND = ("*/*-2/last.safetensors", 1)


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([BEGUN, SECOND], id="twice"),
        pytest.param([PLANNED, BEGUN, MIDWAY, DONE, SECOND], id="often", marks=pytest.mark.slow),
    ],
)
def test_killed_as_a_whole_it_goes_on_to_the_same_table(undisturbed, tmp_path, halting, moments):
    killing = Killing(tmp_path / "study", halting)
    for file, count in moments:
        assert killing.kill(file, count), file
    before = created(tmp_path / "study")
    assert before
    code, _, errors = end(start(tmp_path / "study"))
    assert code == 0, errors
    assert before.items() <= created(tmp_path / "study").items()
    assert remains(tmp_path / "study") == undisturbed
    assert len(list((tmp_path / "study" / "readings").iterdir())) == 4


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_often_it_goes_on_to_the_same_table(undisturbed, tmp_path, halting):
    rng, killed = random.Random(0), 0
    for place in range(8):
        (tmp_path / str(place)).mkdir()
        killing = Killing(tmp_path / str(place) / "study", halting)
        # A reading writes some thirty files.
        killed += sum(killing.kill("*/study/*", rng.randrange(1, 30)) for _ in range(6))
        assert end(start(killing.folder))[0] == 0
        assert remains(killing.folder) == undisturbed
    assert killed >= 32


@pytest.fixture
def halted(halting, tmp_path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A study of one worker in `tmp_path / "study"`, and the worker: it halts in its first reading.

    It does so whenever it has written the weights of an epoch for the second time.
    """
    process = start(
        tmp_path / "study", "--workers=1", **halting.environment("*/2-1/last.safetensors", count=2)
    )
    yield process, halting.wait(process.pid).pid
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_worker_killed_midway_costs_no_reading(undisturbed, tmp_path, halted, halting):
    process, worker = halted
    os.kill(worker, signal.SIGKILL)
    # The worker that takes its place halts there too.
    assert halting.wait(process.pid).pid != worker
    halting.release()
    code, _, errors = end(process)
    assert code == 0, errors
    assert "failed, tried once more: its process was ended by SIGKILL" in errors
    assert remains(tmp_path / "study") == undisturbed


@pytest.mark.slow
def test_a_reading_whose_worker_is_killed_twice_has_failed_and_is_tried_when_asked_again(
    undisturbed, tmp_path, halting
):
    process = start(
        tmp_path / "study", "--workers=1", **halting.environment("*/3-1/last.safetensors")
    )
    for _ in range(2):
        os.kill(halting.wait(process.pid).pid, signal.SIGKILL)
    code, output, errors = end(process)
    assert code == 0, errors
    assert "1 of 2 readings of 3 failed" in output
    assert "3, reading 1 failed: its process was ended by SIGKILL" in output
    assert open_study(tmp_path / "study").count("failed") == 1
    go_on_here(tmp_path / "study")
    assert remains(tmp_path / "study") == undisturbed


def test_where_the_study_alone_is_killed_its_workers_stop_with_a_checkpoint(
    undisturbed, tmp_path, halted, halting
):
    folder = tmp_path / "study"
    process, worker = halted
    process.kill()
    process.wait()
    worker_ends = os.pidfd_open(worker)
    # The next one waits until the worker has let go.
    again = start(folder)
    halting.release()
    code, _, errors = end(again)
    assert code == 0, errors
    # It may still be closing down, and the system may ask seconds later how it ended.
    assert select.select([worker_ends], [], [], 60)[0]
    os.close(worker_ends)
    assert remains(folder) == undisturbed


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_stops_it_with_checkpoints_and_says_how_to_go_on(
    undisturbed, tmp_path, halted, halting, number
):
    folder = tmp_path / "study"
    process, _ = halted
    # To the whole group, as a terminal sends it.
    os.killpg(process.pid, number)
    halting.release()
    code, _, errors = end(process)
    assert code == 130
    assert f"toile: stopped; toile study {folder} continues it" in errors
    assert "Traceback" not in errors
    standings = {one.status for one in open_study(folder).readings}
    assert standings == {"stopped", "waiting"}
    assert call("study", folder, "--no-page", "--on=inline").code == 0
    assert remains(folder) == undisturbed


def test_two_at_once_the_second_is_refused(tmp_path, halted):
    code, _, errors = end(start(tmp_path / "study"))
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


def test_a_full_disk_pauses_it_and_it_goes_on_when_there_is_room(
    undisturbed, tmp_path, monkeypatch
):
    marker = tmp_path / "full"
    monkeypatch.setenv("FULL_WHILE_THERE", str(marker))
    halting = Halting(tmp_path, more=FULL_WHILE_THERE)
    process = start(
        tmp_path / "study", "--workers=1", **halting.environment("*/2-1/last.safetensors")
    )
    assert halting.wait(process.pid)
    marker.touch()
    halting.release()
    said = ""
    while "paused" not in said:
        said = process.stderr.readline()
        assert said, process.communicate()
    marker.unlink()
    # The worker that goes on halts there too.
    assert halting.wait(process.pid)
    halting.release()
    assert "No space left on device" in said
    assert end(process)[0] == 0
    halting.close()
    assert [*tmp_path.rglob("*.tmp")] == []
    assert Run(tmp_path / "study" / "readings" / "2-1").results.state == "finished"
    assert remains(tmp_path / "study") == undisturbed
