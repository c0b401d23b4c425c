"""Makes a golden folder: everything Toile writes, in the form of the version that runs this.

    python -m tests.golden.make tests/golden/version2

Once made, a folder is never made again: it is what users of that version have on their disks. It
is made at one fixed place, so that the paths in its files, and the hashes over them, are known.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np

import toile
from toile.recipe import Recipe, recipe_of, with_settings
from toile.runs import Run
from toile.sheets import Sheet, keep_answer
from toile.sheets.sheet import sheet_of

MADE_AT = Path("/tmp/toile-golden")
NOT_READ_AGAIN = (".html", ".svg", ".png", ".lock")
MOST_BYTES = 400_000
NUM_TRAINING, NUM_TEST, NUM_CLASSES, SIDE_PX = 64, 20, 3, 8


def make(place: Path) -> None:
    """Fill `place`, which is not there yet, at `MADE_AT`."""
    if place.exists() or MADE_AT.exists():
        sys.exit(f"{place} or {MADE_AT} is there already; nothing was made")
    runs = MADE_AT / "runs"
    runs.mkdir(parents=True)
    os.environ["TOILE_RUNS"] = str(runs)
    write_images(MADE_AT / "images.npz")
    recipe = golden_recipe(MADE_AT / "images.npz")
    ended = toile.train(recipe, out=runs / "ended")
    toile.evaluate(ended, open_test=True, why="golden")
    toile.train(recipe, start=ended.folder, allow_seen=True, epochs=1, out=runs / "begun-from")
    stopped = toile.begin(recipe, epochs=4, out=runs / "stopped")
    for _ in stopped.events(lambda: stopped.fit.position.step == 9):
        pass
    for name in ("model.onnx", "model.h5", "model.safetensors"):
        toile.export_run(ended, file=MADE_AT / name)
    toile.bundle_run(ended, MADE_AT / "bundle.zip")
    take_study(recipe)
    take_search(recipe)
    take_sheet(recipe)
    whole = toile.train(recipe, epochs=4, out=MADE_AT / "whole")
    write_expected(ended, whole)
    shutil.rmtree(whole.folder)
    for file in MADE_AT.rglob("*"):
        if file.name.endswith(NOT_READ_AGAIN):
            file.unlink()
    num_bytes = sum(file.stat().st_size for file in MADE_AT.rglob("*") if file.is_file())
    shutil.move(MADE_AT, place)
    print(f"{place}: {num_bytes:,} bytes{', too many' * (num_bytes > MOST_BYTES)}")


def write_images(file: Path) -> None:
    """Pictures with a bright band at the top, in the middle or at the bottom: three classes."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, num_images in (("train", NUM_TRAINING), ("test", NUM_TEST)):
        labels = np.arange(num_images) % NUM_CLASSES
        pixels = rng.integers(0, 120, (num_images, SIDE_PX, SIDE_PX), dtype=np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            image[3 * label : 3 * label + 2] += 100
        arrays |= {f"x_{part}": pixels, f"y_{part}": labels.astype(np.uint8)}
    np.savez_compressed(file, **arrays)


def golden_recipe(data: Path) -> Recipe:
    """A network of a hundred weights, trained with all that leaves something in a file."""
    return recipe_of(
        {
            "name": "golden",
            "seed": 3,
            "data": {"name": str(data), "validation": 16},
            "augmentation": {"noise": 0.02},
            "network": [
                {"conv": {"filters": 2}},
                "relu",
                "maxpool",
                "flatten",
                {"dropout": 0.2},
                {"dense": "classes"},
            ],
            "training": {
                "optimizer": {"adam": 0.02},
                "schedule": "cosine",
                "average": 0.5,
                "batch_size": 8,
                "epochs": 2,
                "threads": 1,
                "precision": "float32",
                "device": "cpu",
            },
        }
    )


def take_study(recipe: Recipe) -> None:
    """An alternative crossed with two values of a setting; its test part opened."""
    live = toile.study(
        recipe,
        vary={"training.average": {"off": "off", "0.8": 0.8}},
        levels={"faster": {"set": {"training.optimizer.adam.learning_rate": 0.1}}},
        readings=2,
        epochs=1,
        name="study",
        on="inline",
    )
    result = live.finish()
    toile.open_study_test(result, "golden")


def take_search(recipe: Recipe) -> None:
    """Two trials over a range and choices, one finalist read again."""
    live = toile.search(
        recipe,
        over={
            "training.optimizer.adam.learning_rate": "1e-3..1e-1:log",
            "training.average": ["off", 0.8],
        },
        trials=2,
        finalists=1,
        readings=1,
        name="search",
        on="inline",
    )
    live.finish()


def take_sheet(recipe: Recipe) -> None:
    """A study, a comparison of its levels, and an answer in words."""
    live = toile.run_sheet(golden_sheet(recipe), on="inline")
    keep_answer(live.folder, 1, "The slower one.")
    live.finish()


def golden_sheet(recipe: Recipe) -> Sheet:
    """Its exercises hold settings by address wherever a sheet may."""
    return sheet_of(
        {
            "name": "sheet",
            "title": "A golden sheet",
            "recipe": recipe.model_dump(mode="json"),
            "set": {"training.epochs": 1},
            "exercises": [
                {
                    "title": "Averages",
                    "question": "Which is better?",
                    "expect": "Say it before.",
                    "set": {"training.batch_size": 16},
                    "study": {
                        "vary": {"training.average": {"none": "off", "0.8": 0.8}},
                        "readings": 2,
                    },
                    "quick": {"set": {"training.average": 0.7}},
                },
                {
                    "title": "Side by side",
                    "compare": {
                        "first": {"exercise": 1, "level": "none"},
                        "second": {"exercise": 1, "level": "0.8"},
                    },
                },
                {"title": "In words", "question": "Why?"},
            ],
        }
    )


def write_expected(ended: Run, whole: Run) -> None:
    """What must stay: hashes, and the weights that the stopped run comes to."""
    expected = {
        "made_at": str(MADE_AT),
        "toile": toile.__version__,
        "recipe": ended.recipe.hash,
        "preset": toile.Recipe.preset("s1-lab").hash,
        "changed": with_settings(
            ended.recipe, {"training.engine": "plain", "data.orientation": "as_is"}
        ).hash,
        "accuracy": ended.results.score.value,
        "whole": whole.results.weights["last"],
        "environment": whole.environment.to_json(),
    }
    (MADE_AT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
