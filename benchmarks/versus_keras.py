"""Toile beside Keras on TensorFlow: `make bench-keras`, or with names of presets.

Seconds of training for 60,000 images of each seed network, both with the same layers, optimiser and
batch size. Keras runs in both precisions, with 1 and 20 steps a call, and its better counts (its
compiler, XLA, is left out: it took 2 to 50 times as long here). The two take turns; medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training import measure

if TYPE_CHECKING:
    from toile.recipe import Recipe

HERE = Path(__file__).parent
KERAS = HERE / ".keras" / "bin" / "python"
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
STEPS_A_CALL = (1, 20)
OURS = ("quick", "best")


def main() -> None:
    from toile.recipe import list_presets

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=[n for n in list_presets() if n not in OURS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", nargs="*", default=list(POLICIES), choices=POLICIES)
    asked = parser.parse_args()
    print(f"| preset | precision | Keras | Toile | ratio | n |\n|{'---|' * 6}")
    for preset in asked.presets:
        for precision in asked.precisions:
            theirs: dict[int, list[float]] = {steps: [] for steps in STEPS_A_CALL}
            ours = []
            for _ in range(asked.rounds):
                ours.append(measure(preset, precision).seconds)
                for steps, seconds in theirs.items():
                    seconds.append(keras_seconds(preset, precision, steps))
            best = min(map(statistics.median, theirs.values()))
            mine = statistics.median(ours)
            print(
                f"| {preset} | {precision} | {best:.2f} | {mine:.2f} | {mine / best:.2f} "
                f"| {asked.rounds} |",
                flush=True,
            )


def keras_seconds(preset: str, precision: str, steps_a_call: int) -> float:
    words = [str(KERAS), str(HERE / "keras_side.py")]
    question = json.dumps(question_of(preset, precision, steps_a_call))
    done = subprocess.run(words, input=question, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Keras with {preset} failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def question_of(preset: "str | Recipe", precision: str, steps_a_call: int) -> dict[str, Any]:
    """What `keras_side.py` reads."""
    from toile.recipe import read_recipe

    recipe = read_recipe(preset)
    optimizer = recipe.training.optimizer
    return {
        "shape": (28, 28, 1),
        "layers": [(layer.kind, layer.model_dump()) for layer in recipe.network],
        "optimizer": (optimizer.kind, optimizer.model_dump()),
        "batch_size": recipe.training.batch_size,
        "policy": POLICIES[precision],
        "steps_per_execution": steps_a_call,
        "jit_compile": False,
    }


if __name__ == "__main__":
    main()
