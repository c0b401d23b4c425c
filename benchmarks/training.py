"""Seconds that training takes for 60,000 images: `python benchmarks/training.py [PRESET ...]`.

One run for each preset and precision, in a process of its own with the threads `auto` takes, steps
alone, from the 20th on. To compare two versions of Toile, alternate their runs with PYTHONPATH.
"""

import argparse
import subprocess
import sys
import tempfile
import time

PRESETS = ("s1-lab", "s0-cnn", "s2-first", "s4-two-layer", "quick")
WARM_UP = 20
SECONDS = 4.0


def measure(preset: str, precision: str) -> str:
    """A line about one training, by a process of its own."""
    words = [sys.executable, __file__, "--one", preset, precision]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def train_a_while(preset: str, precision: str) -> None:
    """Train for some seconds and say how long 60,000 images take."""
    from toile.process import prepare_process

    prepare_process()
    import toile
    from toile.training import Stepped, prepare_torch, train

    with tempfile.TemporaryDirectory() as folder:
        settings = [f"training.precision={precision}"]
        live = toile.begin(preset, out=f"{folder}/run", settings=settings)
        training = live.fit.recipe.training
        prepare_torch(training)
        started, steps = 0.0, 0
        for event in train(live.fit):
            if isinstance(event, Stepped) and event.step == WARM_UP:
                started = time.perf_counter()
            elif isinstance(event, Stepped) and event.step > WARM_UP:
                steps += 1
                if time.perf_counter() - started > SECONDS:
                    break
        images = steps * training.batch_size
        seconds = (time.perf_counter() - started) / images * 60_000
    print(f"{preset:14} {precision:9} {training.threads} thread(s)  {seconds:6.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--one", nargs=2, metavar=("PRESET", "PRECISION"))
    asked = parser.parse_args()
    if asked.one:
        train_a_while(*asked.one)
    else:
        for preset in asked.presets:
            for precision in ("bfloat16", "float32"):
                print(measure(preset, precision), flush=True)
