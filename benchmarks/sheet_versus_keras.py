"""The lab sheet beside Keras on TensorFlow: `python benchmarks/sheet_versus_keras.py [--quick]`.

All trainings of `fashion-lab` by Toile, readings side by side in two processes of one thread each,
beside the same trainings one after another as a notebook has them: `model.fit`, batch size 32,
both cores. Each side is measured on every network of an exercise, the two by turns, and its sample
is added up over the exercise's trainings: for Toile as two processes would take them in order,
with what it costs to start them.

Of Toile a sample is a study of one epoch; of Keras some steps of three epochs, each with all
validation images, the first of which also shows what a training costs beside its epochs.
"""

import argparse
import heapq
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sheet_trainings import Exercise, Training, exercises_of
from versus_keras import HERE, KERAS, POLICIES, STEPS_A_CALL, question_of

import toile
from toile.data import load_data, split_data
from toile.recipe import Recipe, read_recipe, recipe_of
from toile.runs import Run
from toile.sheets import read_sheet
from toile.studies import Ended, Started
from toile.studies.live import LiveStudy

SHEET = "fashion-lab"
WORKERS = 2
EPOCHS = 3
STEPS, QUICK_STEPS = 240, 60


@dataclass(frozen=True)
class Cost:
    """Seconds of a network: once a training, an image learnt, an image scored, once an epoch."""

    training: float
    learnt: float
    scored: float
    epoch: float = 0.0

    def of(self, one: Training) -> float:
        epoch = one.learnt * self.learnt + one.scored * self.scored + self.epoch
        return self.training + one.epochs * epoch


@dataclass(frozen=True)
class ToileSample:
    """Costs by network, and what it takes besides to start and end two processes."""

    costs: Mapping[str, Cost]
    stage: float

    def of(self, exercise: Exercise) -> float:
        """Seconds of its trainings, by two processes in order."""
        return sum(
            self.stage + side_by_side(self.costs[one.network].of(one) for one in stage)
            for stage in exercise.stages
        )


@dataclass(frozen=True)
class Sample:
    """What was measured of one exercise; of Keras costs by network, by steps a call."""

    toile: ToileSample
    keras: Mapping[int, Mapping[str, Cost]]


@dataclass(frozen=True)
class Taken:
    """A reading of the network `words`, which a process had in hand from `since` to `ended`."""

    words: str
    run: Run
    since: float
    ended: float

    @property
    def beside(self) -> float:
        """Seconds beside its epoch."""
        return self.ended - self.since - epoch_seconds(self.run)


def measure_toile(folder: Path, exercise: Exercise, precision: str, data: str) -> ToileSample:
    """Costs by network, both processes being at work."""
    live = one_epoch_of(folder, exercise.networks, precision, data)
    taken = list(follow(live))
    left = time.perf_counter() - max(one.ended for one in taken)
    began = min(one.since for one in taken)
    first = [one for one in taken if one.since == began]
    others = [one for one in taken if one.since > began]
    usual = statistics.median(one.beside for one in others)
    starting = statistics.median(one.beside for one in first) - usual
    costs = {}
    for words in exercise.networks:
        beside = statistics.median(one.beside for one in others if one.words == words)
        costs[words] = toile_cost([one.run for one in taken if one.words == words], beside)
    return ToileSample(costs, starting + left)


def one_epoch_of(
    folder: Path, networks: Mapping[str, Recipe], precision: str, data: str
) -> LiveStudy:
    """The largest network goes first, so that neither process is left alone for long."""
    return toile.study(
        next(iter(networks.values())),
        levels=networks,
        readings=WORKERS * 2 if len(networks) == 1 else WORKERS,
        settings={
            "training.precision": precision,
            "training.epochs": 1,
            "training.early_stopping": "off",
            # Of the sheet's rates some make large networks diverge; none costs more than another.
            "training.optimizer.sgd.learning_rate": 0.001,
        },
        data=data,
        out=folder,
        workers=WORKERS,
    )


def follow(live: LiveStudy) -> Iterator[Taken]:
    """The readings as they end. Each was begun where another had ended, first come first served."""
    free = deque([time.perf_counter()] * WORKERS)
    since = {}
    for event in live:
        if isinstance(event, Started):
            since[event.level, event.number] = free.popleft()
        elif isinstance(event, Ended):
            one = event.reading
            free.append(time.perf_counter())
            yield Taken(one.level, Run(one.folder), since[one.level, one.number], free[-1])


def epoch_seconds(run: Run) -> float:
    """Of a run of one epoch, from its first checkpoint to its last: training, scoring, files."""
    places = sorted((run.folder / "checkpoint").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    first = run.folder / "checkpoint" / "step-0.safetensors"
    # Of an epoch longer than 30 s another checkpoint has taken the place of the first.
    begun = first if first.exists() else run.folder / "data.json"
    return (places[-1].stat().st_mtime_ns - begun.stat().st_mtime_ns) / 1e9


def toile_cost(runs: Sequence[Run], beside: float) -> Cost:
    """From runs of one epoch of the same network, which took `beside` besides."""
    spent = [run.results.seconds for run in runs]
    learning = statistics.median(one.training for one in spent)
    scoring = statistics.median(one.evaluation for one in spent)
    epoch = statistics.median(map(epoch_seconds, runs))
    data = runs[0].data
    return Cost(
        beside,
        learning / data.train,
        scoring / data.validation,
        max(0.0, epoch - learning - scoring),
    )


class Keras:
    """A process of Keras's that fits, one training after another, as a notebook's kernel."""

    def __init__(self, images: Path, scored: int, steps: int) -> None:
        self._scored, self._steps = scored, steps
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is open as long as the process
        self._process = subprocess.Popen(
            [str(KERAS), str(HERE / "keras_side.py"), str(images)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def costs(self, exercise: Exercise, precision: str) -> dict[int, dict[str, Cost]]:
        """By steps a call and network."""
        return {
            steps: {
                words: self._cost(recipe, precision, steps)
                for words, recipe in exercise.networks.items()
            }
            for steps in STEPS_A_CALL
        }

    def _cost(self, recipe: Recipe, precision: str, steps_a_call: int) -> Cost:
        said = self.fit(recipe, precision, steps_a_call)
        # The first epoch makes the functions that the others run.
        learning, scoring = (statistics.median(said[part][1:]) for part in ("training", "scoring"))
        learnt = self._steps * recipe.training.batch_size
        beside = said["seconds"] - EPOCHS * (learning + scoring)
        return Cost(max(0.0, beside), learning / learnt, scoring / self._scored)

    def fit(self, recipe: Recipe, precision: str, steps_a_call: int) -> dict[str, Any]:
        """One training; what `keras_side.py` says of it."""
        asked = question_of(recipe, precision, steps_a_call)
        asked |= {"steps": self._steps, "epochs": EPOCHS}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        if not (line := self._process.stdout.readline()):
            self._errors.seek(0)
            sys.exit(f"Keras failed:\n{self._errors.read().decode()[-2000:]}")
        return json.loads(line)

    def __enter__(self) -> "Keras":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()
        self._errors.close()


def side_by_side(seconds: Iterable[float]) -> float:
    """Until the last of these is done, each begun in order as soon as a process is free."""
    free = [0.0] * WORKERS
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


def write_images(file: Path, data: str) -> int:
    """The images for Keras; returns how many validation images there are."""
    source = read_sheet(SHEET).recipe
    recipe = recipe_of(source) if isinstance(source, dict) else read_recipe(source)
    recipe = recipe.replace({"data.name": data})
    dataset = load_data(recipe.data)
    split = split_data(dataset.train, recipe.data)
    arrays: dict[str, Any] = {}
    for part, images in (("train", split.train), ("validation", split.validation)):
        arrays[f"{part}_pixels"] = np.ascontiguousarray(images.pixels[:].transpose(0, 2, 3, 1))
        arrays[f"{part}_labels"] = images.labels
    np.savez(file, **arrays)
    return len(split.validation)


def measure(
    exercises: Sequence[Exercise], precisions: Sequence[str], quick: bool, desk: Path
) -> dict[str, dict[frozenset[str], Sample]]:
    """Samples by precision and by an exercise's networks, measured once for those that share."""
    data = "fashion-sample" if quick else "fashion-mnist"
    scored = write_images(desk / "images.npz", data)
    alike = {frozenset(one.networks): one for one in reversed(exercises)}
    samples: dict[str, dict[frozenset[str], Sample]] = {precision: {} for precision in precisions}
    with Keras(desk / "images.npz", scored, QUICK_STEPS if quick else STEPS) as keras:
        # What a process does once is no training's.
        keras.fit(next(iter(exercises[0].networks.values())), precisions[0], 1)
        for key, exercise in reversed(alike.items()):
            for precision in precisions:
                print(f"{exercise.title}, {precision}", file=sys.stderr)
                folder = Path(tempfile.mkdtemp(dir=desk)) / "study"
                ours = measure_toile(folder, exercise, precision, data)
                samples[precision][key] = Sample(ours, keras.costs(exercise, precision))
    return samples


def row_of(exercise: Exercise, sample: Sample) -> list[float]:
    """Trainings, epochs, Keras's seconds by steps a call, its better ones, Toile's."""
    trainings = [one for stage in exercise.stages for one in stage]
    keras = [
        sum(costs[one.network].of(one) for one in trainings) for costs in sample.keras.values()
    ]
    epochs = sum(one.epochs for one in trainings)
    return [len(trainings), epochs, *keras, min(keras), sample.toile.of(exercise)]


def table(exercises: Sequence[Exercise], samples: Mapping[frozenset[str], Sample]) -> str:
    """The exercises' rows and their sum, in Markdown; a ratio is Toile's seconds to Keras's."""
    steps = " | ".join(f"Keras, {steps} a call, s" for steps in STEPS_A_CALL)
    lines = [
        f"| exercise | trainings | epochs | {steps} | Toile, s | ratio | to the better |",
        f"|{'---|' * (6 + len(STEPS_A_CALL))}",
    ]
    rows = [row_of(one, samples[frozenset(one.networks)]) for one in exercises]
    titles = [one.title for one in exercises]
    for title, row in zip([*titles, "all"], [*rows, np.sum(rows, axis=0)], strict=True):
        counts, (*keras, better, mine) = row[:2], row[2:]
        seconds = " | ".join(f"{one:.0f}" for one in [*keras, mine])
        lines.append(
            f"| {title} | {counts[0]:.0f} | {counts[1]:.0f} | {seconds} "
            f"| {mine / keras[0]:.2f} | {mine / better:.2f} |"
        )
    return "\n".join(lines)


def raw(samples: Mapping[str, Mapping[frozenset[str], Sample]]) -> list[dict[str, Any]]:
    return [
        {"precision": precision, **asdict(sample)}
        for precision, found in samples.items()
        for sample in found.values()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precisions", nargs="*", default=list(POLICIES), choices=POLICIES)
    parser.add_argument("--quick", action="store_true", help="few images: a trial of the script")
    parser.add_argument("--only", nargs="*", type=int, help="places among the exercises that train")
    parser.add_argument("--json", type=Path, help="keep all samples in this file")
    asked = parser.parse_args()
    exercises = exercises_of(SHEET)
    if asked.only:
        exercises = [exercises[place - 1] for place in asked.only]
    with tempfile.TemporaryDirectory() as desk:
        samples = measure(exercises, asked.precisions, asked.quick, Path(desk))
    for precision, found in samples.items():
        print(f"\n{precision}\n\n{table(exercises, found)}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(raw(samples), indent=1) + "\n")


if __name__ == "__main__":
    main()
