"""What Toile promises in seconds and bytes, measured here: `make bench`.

Each figure is the median of five, in a process of its own where starting counts.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

READINGS = 5
TOILE = [sys.executable, "-m", "toile.cli"]
LOADING = """
import resource, time
import torch
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from toile.data import load_data
started = time.perf_counter()
load_data("fashion-mnist")
seconds = time.perf_counter() - started
print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)
"""


def main() -> None:
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, torch {version('torch')}, n = {READINGS}\n"
    )
    say("toile --help", median(lambda: seconds_of([*TOILE, "--help"])), "s", 0.3)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TOILE_RUNS"] = f"{folder}/runs"
        thousand_runs(Path(folder) / "many")
        listing = {**os.environ, "TOILE_RUNS": f"{folder}/many"}
        say(
            "listing of 1,000 runs",
            median(lambda: seconds_of([*TOILE, "runs"], listing)),
            "s",
            0.5,
        )
        say(
            "list_runs() of 1,000 runs", median(lambda: listing_seconds(f"{folder}/many")), "s", 0.5
        )
        for fresh, limit in ((True, 1.5), (False, 0.2)):
            what = "Fashion-MNIST from .gz" if fresh else "Fashion-MNIST from the decoded cache"
            readings = [load_fashion(Path(folder) / "cache", fresh) for _ in range(READINGS)]
            say(what, statistics.median(one[0] for one in readings), "s", limit)
            say("  memory above torch", statistics.median(one[1] for one in readings), "MB", 150)
        epoch = [
            *TOILE,
            "train",
            "s1-lab",
            "--data=fashion-sample",
            "--set=training.epochs=1",
            "--no-page",
        ]
        say("an epoch of s1-lab on the sample, in all", median(lambda: seconds_of(epoch)), "s", 5)
        say(
            "SIGTERM to a run stopped with its checkpoint",
            statistics.median(
                seconds_to_stop(Path(folder) / str(place)) for place in range(READINGS)
            ),
            "s",
            2,
        )
        say("peak memory of training quick, one epoch", peak_memory_mb(), "MB", 1200)


def say(what: str, value: float, unit: str, limit: float) -> None:
    verdict = "within" if value <= limit else "OVER"
    print(f"{what:45} {value:8.2f} {unit:3}  {verdict} {limit} {unit}", flush=True)


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(READINGS))


def seconds_of(command: list[str], environment: dict[str, str] | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - started


def thousand_runs(folder: Path) -> None:
    from toile.runs.state import State, write_state

    state = State("finished", "quick", "fashion-mnist", 0, 6, "", 83_434, 6, 0.92)
    for place in range(1000):
        run = folder / f"20260101-{place:06d}-quick-0000"
        run.mkdir(parents=True)
        write_state(run, replace(state, created=f"2026-01-01T00:{place:06d}"))


def listing_seconds(folder: str) -> float:
    from toile.runs import list_runs

    started = time.perf_counter()
    assert len(list_runs(Path(folder))) == 1000
    return time.perf_counter() - started


def load_fashion(cache: Path, fresh: bool) -> tuple[float, float]:
    """Seconds and megabytes of loading, in a process that has torch already."""
    from toile.data import list_sources

    source = next(one for one in list_sources() if one.name == "fashion-mnist")
    if source.path is None:
        sys.exit("Fashion-MNIST is not here: toile data get fashion-mnist")
    where = cache / (str(time.time_ns()) if fresh else "kept")
    environment = {**os.environ, "TOILE_DATA": str(source.path), "TOILE_CACHE": str(where)}
    for _ in range(1 if fresh else 2):
        done = subprocess.run(
            [sys.executable, "-c", LOADING],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def seconds_to_stop(folder: Path) -> float:
    """From the signal to the state that says so; the process then still writes its page."""
    from toile.runs import read_state

    process = subprocess.Popen(
        [*TOILE, "train", "s0-cnn", "--data=fashion-sample", f"--out={folder}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(folder.glob("checkpoint/step-*")):
        time.sleep(0.01)
    time.sleep(1)
    sent = time.perf_counter()
    process.terminate()
    while read_state(folder).status == "running":
        time.sleep(0.005)
    seconds = time.perf_counter() - sent
    process.wait()
    return seconds


def peak_memory_mb() -> float:
    """The highest resident memory of a training, as the system counts it."""
    code = (
        "import json, resource, subprocess, sys\n"
        f"subprocess.run({[*TOILE, 'train', 'quick', '--set=training.epochs=1']!r}, check=True,"
        " capture_output=True)\n"
        "print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout))


if __name__ == "__main__":
    main()
