"""Seconds that training takes for 60,000 images: `python benchmarks/training.py [PRESET ...]`.

One run for each preset and precision, in a process of its own with the threads and shards `auto`
takes, steps alone, from the 20th on, scoring left out. To compare two versions of Toile, alternate
their runs with PYTHONPATH.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass

PRESETS = ("s1-lab", "s0-cnn", "s2-first", "s4-two-layer", "quick")
WARM_UP = 20
SECONDS = 4.0


@dataclass(frozen=True)
class Measured:
    preset: str
    precision: str
    threads: int
    shards: int
    seconds: float


def measure(preset: str, precision: str, settings: tuple[str, ...] = ()) -> Measured:
    """One training, by a process of its own."""
    words = [sys.executable, __file__, "--one", preset, precision, *settings]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def train_a_while(preset: str, precision: str, settings: list[str]) -> Measured:
    """Train for some seconds and say how long 60,000 images take."""
    from toile.process import prepare_process

    prepare_process()
    import toile
    from toile.recipe import parse_assignments
    from toile.training import Epoch, Scoring, Stepped, prepare_torch, train

    with tempfile.TemporaryDirectory() as folder:
        held = {"training.precision": precision, **parse_assignments(settings)}
        live = toile.begin(preset, out=f"{folder}/run", settings=held)
        training = live.fit.recipe.training
        prepare_torch(training)
        # They begin by themselves some seconds into a training; the rest of it is measured.
        live.fit.gradient.begin_workers(live.fit.batches, wait=True)
        spent, steps, before = 0.0, 0, 0.0
        for event in train(live.fit):
            now = time.perf_counter()
            if isinstance(event, Stepped):
                if event.step > WARM_UP:
                    spent += now - before
                    steps += 1
                if spent > SECONDS:
                    break
            # What comes between the last step of an epoch and its first is scoring.
            if isinstance(event, Stepped | Scoring | Epoch):
                before = now
        seconds = spent / (steps * training.batch_size) * 60_000
    return Measured(preset, precision, int(training.threads), int(training.shards), seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--one", nargs="+", metavar="PRESET PRECISION [ADDRESS=VALUE ...]")
    asked = parser.parse_args()
    if asked.one:
        preset, precision, *settings = asked.one
        print(json.dumps(asdict(train_a_while(preset, precision, settings))))
    else:
        for preset in asked.presets:
            for precision in ("bfloat16", "float32"):
                one = measure(preset, precision)
                print(
                    f"{preset:14} {precision:9} {one.threads} thread(s), {one.shards} "
                    f"shard(s)  {one.seconds:6.2f} s",
                    flush=True,
                )
