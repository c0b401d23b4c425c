"""A training on data larger than memory: `python benchmarks/larger_than_memory.py [--images N]`.

Makes a folder of pictures, JPEG files of 64 x 64 px in colour in ten classes, decodes them and
trains one epoch of a small network, first under a limit of memory (4 GB for a million pictures, in
proportion and at least 1 GB for fewer), then by turns with and without it five times. Says whether
that finished, what it held in memory at most, whether the weights are the same, and how the speeds
compare.

The limit is RLIMIT_DATA, which holds what is not in a file. To hold the pages of files too, which
makes the disk part of what is measured, let a control group set it, whose peak is then said beside
it: `systemd-run --user --scope -p MemoryMax=4G python benchmarks/larger_than_memory.py --limit 0
--turns 0`, or a shell that was moved into a group of version 1. What is compared by turns runs in
that group too, so leave it out there.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from PIL import Image

GB = 10**9
CLASSES = 10
SIDE_PX = 64
SAMPLE_SECONDS = 0.05
NETWORK: list[Any] = [
    {"conv": {"filters": 8, "kernel": 3, "stride": 2}},
    "relu",
    {"maxpool": 2},
    "flatten",
    {"dense": "classes"},
]


@dataclass(frozen=True)
class Measured:
    """What a process said that decoded, or trained an epoch."""

    what: str
    memory_bytes: int
    """What Toile took for the memory it may use."""
    anonymous_bytes: int
    """The most that it held in memory and in no file, its helpers left out."""
    group_bytes: int
    """The most that its control group ever held, pages of files too; 0 where it has no limit."""
    seconds: float
    images_per_second: float
    accuracy: float
    sha256: str


def make_pictures(folder: Path, num: int) -> None:
    """Make those that are not there yet; a file that a kill cut short is made again."""
    if (folder / "made.txt").exists():
        return
    for label in range(CLASSES):
        (folder / "pictures" / f"class-{label}").mkdir(parents=True, exist_ok=True)
    for number in range(num):
        file = folder / "pictures" / f"class-{number % CLASSES}" / f"{number:07}.jpg"
        if not file.exists():
            temporary = file.with_suffix(".new")
            picture(number).save(temporary, "JPEG", quality=90)
            temporary.rename(file)
    (folder / "made.txt").write_text(str(num))


def picture(number: int) -> Image.Image:
    """Waves of a class's direction, with a phase and noise of each picture's own."""
    rng = np.random.default_rng(number)
    phases = rng.uniform(0, 2 * np.pi, 3).astype(np.float32)
    pixels = 20 * rng.standard_normal((SIDE_PX, SIDE_PX, 3), np.float32)
    pixels += 128 + 60 * np.sin(wave(number % CLASSES)[..., None] + phases)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@cache
def wave(label: int) -> Float32[np.ndarray, "h w"]:
    """The angle of a class's wave at each pixel."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX
    direction = np.pi * label / CLASSES
    angles = 12 * (rows * np.sin(direction) + columns * np.cos(direction))
    return angles.astype(np.float32)


class AnonymousMemory(threading.Thread):
    """Looks now and then at what this process holds in memory and in no file."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0

    def run(self) -> None:
        while True:
            self.most = max(self.most, self.now())
            time.sleep(SAMPLE_SECONDS)

    def now(self) -> int:
        fields = dict(
            line.split(":") for line in Path("/proc/self/status").read_text().splitlines()
        )
        return 1024 * sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem"))


def group_peak() -> int:
    """The peak of this process's control group, of version 1 or 2; 0 where that has no limit."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers == "memory":
            folder, limit, peak = (
                Path(f"/sys/fs/cgroup/memory{group}"),
                "limit_in_bytes",
                "max_usage_in_bytes",
            )
        elif not controllers:
            folder, limit, peak = Path(f"/sys/fs/cgroup{group}"), "max", "peak"
        else:
            continue
        file = folder / f"memory.{limit}"
        words = file.read_text().strip() if file.exists() else "max"
        if words != "max" and int(words) < 1 << 60:
            return int((folder / f"memory.{peak}").read_text())
    return 0


def work(what: str, pictures: Path, out: Path, limit: int) -> Measured:
    """In a process of its own: decode, or train an epoch, under a `limit` unless that is 0."""
    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    from toile.process import prepare_process

    prepare_process()
    import toile
    from toile.data.memory import memory_bytes
    from toile.recipe import recipe_of

    watch = AnonymousMemory()
    watch.start()
    started = time.perf_counter()
    speed = accuracy = float("nan")
    sha256 = ""
    if what == "decode":
        toile.load_data(pictures)
        seconds = time.perf_counter() - started
    else:
        training = {"epochs": 1, "batch_size": 128, "threads": 1, "precision": "float32"}
        document = {"data": {"name": str(pictures)}, "network": NETWORK, "training": training}
        run = toile.train(recipe_of(document), out=out)
        seconds = time.perf_counter() - started
        epoch = run.history.epochs[-1]
        speed = run.data.train / epoch["seconds"]
        accuracy = float(run.score.value)
        sha256 = hashlib.sha256((run.folder / "last.safetensors").read_bytes()).hexdigest()
    most = max(watch.most, watch.now())
    return Measured(what, memory_bytes(), most, group_peak(), seconds, speed, accuracy, sha256)


def measure(what: str, folder: Path, limit: int, memory: str = "") -> Measured:
    """The same, asked for from outside; `memory` is what Toile is told that it may use."""
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    environment = {**os.environ, "TOILE_CACHE": str(folder / "cache"), "TOILE_MEMORY": memory}
    words = [sys.executable, __file__, "--work", what, str(folder / "pictures"), str(out)]
    done = subprocess.run(
        [*words, str(limit)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{what} under {limit} bytes did not finish:\n{done.stderr[-2000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def say(name: str, measured: Measured) -> None:
    speed = (
        f", {measured.images_per_second:,.0f} pictures/s in training, "
        f"accuracy {measured.accuracy:.3f}, weights {measured.sha256[:12]}"
        if measured.sha256
        else ""
    )
    group = f", {measured.group_bytes / GB:.2f} GB in its control group"
    print(
        f"{name}: finished in {measured.seconds:.1f} s, at most "
        f"{measured.anonymous_bytes / GB:.2f} GB of anonymous memory"
        f"{group * bool(measured.group_bytes)} (memory {measured.memory_bytes / GB:.1f} GB){speed}",
        flush=True,
    )


def main(num: int, folder: Path, limit: int, turns: int) -> None:
    started = time.perf_counter()
    make_pictures(folder, num)
    print(
        f"{num:,} pictures, {num * 3 * SIDE_PX**2 / GB:.2f} GB decoded; limit "
        f"{f'{limit / GB:.2f} GB' if limit else 'of whoever started this'}; pictures made in "
        f"{time.perf_counter() - started:.0f} s",
        flush=True,
    )
    say("decoding", measure("decode", folder, limit))
    say("first epoch", measure("train", folder, limit))
    if not turns:
        return
    mapped, held = [], []
    # So much that the pixels are no more than a quarter of it, and are held once.
    plenty = f"{4.05 * num * 3 * SIDE_PX**2 / GB:.3f}GB"
    for _ in range(turns):
        mapped.append(measure("train", folder, limit))
        say("from the file", mapped[-1])
        held.append(measure("train", folder, 0, plenty))
        say("from memory", held[-1])
    same = len({each.sha256 for each in (*mapped, *held)}) == 1
    ratio = statistics.median(
        first.images_per_second / second.images_per_second
        for first, second in zip(mapped, held, strict=True)
    )
    speeds = [statistics.median(m.images_per_second for m in each) for each in (mapped, held)]
    print(
        f"weights {'the same' if same else 'DIFFER'} in all {2 * turns} trainings; "
        f"{speeds[0]:,.0f} pictures/s from the file, {speeds[1]:,.0f} from memory (medians of "
        f"{turns}); the median of the ratios is {ratio:.2f}; load {os.getloadavg()[0]:.1f} on "
        f"{os.cpu_count()} cores"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/toile-larger-than-memory"))
    parser.add_argument("--limit", type=float, help="GB; 0 for none")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--work", nargs=4, metavar=("WHAT", "PICTURES", "OUT", "LIMIT"))
    asked = parser.parse_args()
    if asked.work:
        what, pictures, out, limit = asked.work
        print(json.dumps(asdict(work(what, Path(pictures), Path(out), int(limit)))))
    else:
        in_proportion = max(1.0, 4 * asked.images / 1_000_000)
        limit = int(GB * (in_proportion if asked.limit is None else asked.limit))
        main(asked.images, asked.folder, limit, asked.turns)
