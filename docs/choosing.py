"""The tables of docs/guide/choosing.md, measured: `python docs/choosing.py --runs FOLDER`.

Changes one setting of the preset `s2-first` at a time and trains each with several seeds on a part
of Fashion-MNIST; each setting's levels are compared by themselves. A random search over six
settings says how much of the scores' variance each explains. What was measured is kept in
docs/choosing.json, and the tables of the page are made of it: without --runs only these are.
A killed measurement goes on where it was.
"""

import argparse
import json
import os
import platform
from itertools import chain
from pathlib import Path
from typing import Any

from toile.process import prepare_process

prepare_process()

import numpy as np  # noqa: E402
import optuna  # noqa: E402
import torch  # noqa: E402

import toile  # noqa: E402
from toile.data import Dataset  # noqa: E402
from toile.runs import Run  # noqa: E402
from toile.searches import SearchResult, optuna_distributions, search_space  # noqa: E402
from toile.studies import base_recipe  # noqa: E402

HERE = Path(__file__).parent
PAGE = HERE / "guide" / "choosing.md"
MEASURED = HERE / "choosing.json"
PRESET = "s2-first"
BASE = "as it is"
NUM_TRAIN, NUM_VALIDATION, NUM_SEALED = 10_000, 5_000, 1_000
EPOCHS, READINGS, TRIALS = 6, 4, 40
HELD = {"training.epochs": EPOCHS, "training.threads": 1, "data.validation": NUM_VALIDATION}

Network = list[Any]


def block(filters: int, kernel: int = 2, **changed: Any) -> Network:
    """A convolution block of the preset; `changed` are other fields of its convolution."""
    conv = {"filters": filters, "kernel": kernel, "padding": "same"} | changed
    return [{"conv": conv}, "relu", {"maxpool": 2}, {"dropout": 0.3}]


def network(*blocks: Network, hidden: int | None = 256) -> Network:
    """Blocks, a hidden layer and the classes."""
    dense = [] if hidden is None else [{"dense": hidden}, "relu", {"dropout": 0.5}]
    return [*chain(*blocks), "flatten", *dense, {"dense": "classes"}]


def with_layers(old: Any, new: list[Any]) -> Network:
    """The preset with each layer `old` replaced by the layers `new`."""
    layers = network(block(64), block(32))
    return [each for layer in layers for each in (new if layer == old else [layer])]


def with_rate(kind: str, **settings: float) -> dict[str, Any]:
    """An optimizer in place of the preset's."""
    return {"training.optimizer": {kind: settings}}


def with_network(layers: Network) -> dict[str, Any]:
    """The preset's settings with other layers."""
    recipe = toile.Recipe.preset(PRESET).model_dump(mode="json")
    return {"recipe": recipe | {"network": layers, "name": PRESET}}


STRIDED = [
    {"conv": {"filters": filters, "kernel": 2, "padding": "same", "stride": 2}}
    for filters in (64, 32)
]

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "Convolution blocks (2)": {
        "none": with_network(network()),
        "1": with_network(network(block(64))),
        "3": with_network(network(block(64), block(32), block(32))),
    },
    "Filters (64, 32)": {
        "8, 8": with_network(network(block(8), block(8))),
        "32, 64": with_network(network(block(32), block(64))),
        "128, 64": with_network(network(block(128), block(64))),
    },
    "Filter size (2 x 2)": {
        "3 x 3": with_network(network(block(64, 3), block(32, 3))),
        "5 x 5": with_network(network(block(64, 5), block(32, 5))),
    },
    "How pictures shrink (max pooling 2)": {
        "average pooling 2": with_network(with_layers({"maxpool": 2}, [{"avgpool": 2}])),
        "stride 2, no pooling": with_network(
            network(*([conv, "relu", {"dropout": 0.3}] for conv in STRIDED))
        ),
        "not at all": with_network(with_layers({"maxpool": 2}, [])),
    },
    "Padding (same)": {
        "valid": with_network(network(block(64, padding="valid"), block(32, padding="valid"))),
    },
    "Dense units (256)": {
        "no hidden layer": with_network(network(block(64), block(32), hidden=None)),
        "64": with_network(network(block(64), block(32), hidden=64)),
        "1024": with_network(network(block(64), block(32), hidden=1024)),
    },
    "Dropout (.3, .3, .5)": {
        "none": with_network(
            [each for each in network(block(64), block(32)) if "dropout" not in each]
        ),
        ".1 each": with_network(
            [
                {"dropout": 0.1} if "dropout" in each else each
                for each in network(block(64), block(32))
            ]
        ),
    },
    "Activation (ReLU)": {
        "leaky ReLU": with_network(with_layers("relu", [{"leaky_relu": {}}])),
        "GELU": with_network(with_layers("relu", ["gelu"])),
        "tanh": with_network(with_layers("relu", ["tanh"])),
    },
    "Batch norm (none)": {
        "before each ReLU": with_network(with_layers("relu", ["batchnorm", "relu"])),
    },
    "Optimizer (Adam, .001)": {
        "Adam, .0003": with_rate("adam", learning_rate=0.0003, epsilon=1e-7),
        "Adam, .003": with_rate("adam", learning_rate=0.003, epsilon=1e-7),
        "SGD, .01": with_rate("sgd", learning_rate=0.01),
        "SGD, .05, momentum .9": with_rate("sgd", learning_rate=0.05, momentum=0.9),
    },
    "Batch size (64)": {
        "16": {"training.batch_size": 16},
        "256": {"training.batch_size": 256},
    },
}
"""Levels by the setting they change; what the preset has is in brackets."""

SEARCHED = {
    "network.conv1.filters": "8..128:log",
    "network.conv1.kernel": "2..5",
    "network.dense1.units": "32..512:log",
    "network.dropout1.rate": "0..0.6",
    "training.optimizer.adam.learning_rate": "1e-4..1e-2:log",
    "training.batch_size": [16, 32, 64, 128, 256],
}


def part_of_fashion() -> Dataset:
    """The first images of each class, for training and validation, and a few to be sealed."""
    images = toile.load_data("fashion-mnist").train
    labels = np.asarray(images.labels)
    pixels = np.asarray(images.pixels)
    classes = toile.load_data("fashion-mnist").class_names
    many, few = (NUM_TRAIN + NUM_VALIDATION) // len(classes), NUM_SEALED // len(classes)
    by_class = [np.flatnonzero(labels == number) for number in range(len(classes))]
    learnt = np.concatenate([indices[:many] for indices in by_class])
    sealed = np.concatenate([indices[many : many + few] for indices in by_class])
    return Dataset.from_arrays(
        pixels[learnt], labels[learnt], pixels[sealed], labels[sealed], class_names=classes
    )


def measure(folder: Path) -> dict[str, Any]:
    """Everything that the tables show."""
    data = part_of_fashion()
    levels: dict[str, dict[str, Any]] = {BASE: {}} | {
        f"{setting}: {level}": changes
        for setting, changed in SETTINGS.items()
        for level, changes in changed.items()
    }
    live = toile.study(
        PRESET, levels=levels, readings=READINGS, settings=HELD, data=data, out=folder / "study"
    )
    result = live.finish()
    runs: dict[str, list[Run]] = {}
    for reading in result.readings:
        runs.setdefault(reading.level, []).append(Run(reading.folder))
    compared = {
        setting: compared_levels({BASE: runs[BASE]} | {
            level: runs[f"{setting}: {level}"] for level in changed
        })
        for setting, changed in SETTINGS.items()
    }  # fmt: skip
    found = toile.search(
        PRESET, over=SEARCHED, trials=TRIALS, sampler="random", pruner="none", finalists=1,
        readings=2, settings=HELD, data=data, out=folder / "search",
    ).finish()  # fmt: skip
    return {
        "train": NUM_TRAIN, "validation": NUM_VALIDATION, "epochs": EPOCHS, "readings": READINGS,
        "machine": machine(), "settings": compared, "search": importances(found),
    }  # fmt: skip


def machine() -> str:
    """Where it was measured."""
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__.split('+')[0]}"
    )


def compared_levels(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """The verdict on the levels, and what each costs."""
    verdict = toile.compare(runs).verdict.to_json()
    return {
        "verdict": verdict,
        "levels": {
            level: {
                "parameters": members[0].plan.parameters,
                "macs": members[0].plan.macs,
            }
            for level, members in runs.items()
        },
    }


def importances(found: SearchResult) -> dict[str, Any]:
    """By functional ANOVA over a forest: the fraction of variance that each setting explains."""
    rows = [trial for trial in found.trials if trial.score is not None]
    study = optuna.create_study(direction="maximize")
    distributions = optuna_distributions(search_space(found.spec, base_recipe(found.spec.study)))
    for trial in rows:
        study.add_trial(
            optuna.create_trial(
                params=dict(trial.values), distributions=distributions, value=trial.score
            )
        )
    parts = [
        optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed)
        )
        for seed in range(5)
    ]
    scores = [float(trial.score) for trial in rows if trial.score is not None]
    return {
        "trials": len(rows),
        "lowest": min(scores),
        "highest": max(scores),
        "importance": {
            address: [float(part[address]) for part in parts] for address in distributions
        },
    }


def settings_table(measured: dict[str, Any]) -> str:
    """A row for each level: what it costs, and its difference from the preset in points."""
    lines = ["| setting (of the preset) | level | parameters | multiply-adds | points | verdict |"]
    lines.append("|---|---|---|---|---|---|")
    for setting, compared in measured["settings"].items():
        name = setting
        for level, cost in compared["levels"].items():
            if level == BASE:
                continue
            millions = f"{cost['macs'] / 1e6:.2f} million"
            cells = [name, level, f"{cost['parameters']:,}", millions]
            lines.append(f"| {' | '.join([*cells, *_difference(compared['verdict'], level)])} |")
            name = ""
    return "\n".join(lines)


def _difference(verdict: dict[str, Any], level: str) -> tuple[str, str]:
    """Points that `level` is above the preset, with the interval, and the verdict's word."""
    (pair,) = [pair for pair in verdict["pairs"] if {pair["a"], pair["b"]} == {BASE, level}]
    sign = 1 if pair["a"] == level else -1
    low, high = sorted(100 * sign * pair[end] for end in ("low", "high"))
    word = pair["verdict"]
    if sign < 0:
        word = {"better": "worse", "worse": "better"}.get(word, word)
    return f"{100 * sign * pair['difference']:+.2f} ({low:+.2f} to {high:+.2f})", word


def importance_table(measured: dict[str, Any]) -> str:
    """Settings by the part of the variance of scores that each explains in the random search."""
    parts = measured["search"]["importance"]
    lines = ["| setting | searched | importance, % |", "|---|---|---|"]
    for address in sorted(parts, key=lambda address: -float(np.median(parts[address]))):
        values = [100 * part for part in parts[address]]
        searched = SEARCHED[address]
        words = searched if isinstance(searched, str) else ", ".join(map(str, searched))
        lines.append(
            f"| `{address}` | {words} | {np.median(values):.0f} "
            f"({min(values):.0f} to {max(values):.0f}) |"
        )
    return "\n".join(lines)


def conditions(measured: dict[str, Any]) -> str:
    """On what it was measured, in a sentence, with the scores between which it lies."""
    base = measured["settings"]["Batch size (64)"]["verdict"]["levels"][BASE]
    search = measured["search"]
    return (
        f"The preset trained on {measured['train']:,} pictures for {measured['epochs']} epochs "
        f"has {100 * base['mean']:.2f} % on {measured['validation']:,} validation images "
        f"({base['n']} seeds, SD {100 * base['sd']:.2f} points); the {search['trials']} trials "
        f"of the search had {100 * search['lowest']:.1f} to {100 * search['highest']:.1f} %. "
        f"Measured on {measured['machine']}."
    )


PARTS = {
    "settings": settings_table,
    "importance": importance_table,
    "conditions": conditions,
}


def filled(page: str, measured: dict[str, Any]) -> str:
    """The page with each part between its marks made anew."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, rest = page.split(begin)
        page = before + begin + make(measured) + end + rest.split(end)[1]
    return page


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path)
    asked = parser.parse_args()
    if asked.runs:
        MEASURED.write_text(json.dumps(measure(asked.runs), indent=1) + "\n")
    PAGE.write_text(filled(PAGE.read_text(), json.loads(MEASURED.read_text())))
