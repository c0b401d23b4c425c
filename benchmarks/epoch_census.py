"""What a census after each epoch costs: `python benchmarks/epoch_census.py [PRESET ...]`.

Trains each preset for two epochs on Fashion-MNIST with `training.census`, each training in a
process of its own, and says what part of the seconds from the first step to the end it took.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

PRESETS = ("s1-lab", "s0-cnn", "s2-first", "quick")
ROUNDS = 5
EPOCHS = 2
MOST_PART = 0.05


def train(preset: str) -> list[float]:
    """Seconds of the censuses, and of the whole training."""
    from toile.process import prepare_process

    prepare_process()
    import toile
    from toile.runs import census, recorder

    spent = 0.0

    def timed(*arguments: Any) -> None:
        nonlocal spent
        began = time.perf_counter()
        census.keep_census(*arguments)
        spent += time.perf_counter() - began

    setattr(recorder, "keep_census", timed)  # noqa: B010
    settings = {"training.epochs": EPOCHS, "training.census": True}
    with tempfile.TemporaryDirectory() as folder:
        live = toile.begin(preset, out=f"{folder}/run", settings=settings)
        started = time.perf_counter()
        live.finish()
        return [spent, time.perf_counter() - started]


def main() -> None:
    """Measure what was asked for, and print a row of a table for each preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--train", metavar="PRESET")
    asked = parser.parse_args()
    if asked.train:
        print(json.dumps(train(asked.train)))
        return
    print("| preset | a census, s | an epoch, s | part of the time, % | median | at most |")
    print("|---|---|---|---|---|---|")
    for preset in asked.presets:
        words = [sys.executable, __file__, "--train", preset]
        pairs = []
        for _ in range(ROUNDS):
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            pairs.append(json.loads(done.stdout.splitlines()[-1]))
        parts = [100 * census / training for census, training in pairs]
        census, training = (
            statistics.median(column) / EPOCHS for column in zip(*pairs, strict=True)
        )
        print(
            f"| {preset} | {census:.2f} | {training:.2f} | "
            f"{' '.join(f'{part:.1f}' for part in parts)} | {statistics.median(parts):.1f} | "
            f"{100 * MOST_PART:g} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
