"""Accuracy against what is cut, by three measures of worth, and how far that is safe."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from toile import evaluation
from toile.data import DataSource, Progress, no_progress
from toile.errors import ToileError
from toile.report import PruningLine, pruning_figure
from toile.runs import Run, data_settings, prepare_data
from toile.statistics import mean_interval
from toile.workbench.inside.finding import InsideView
from toile.workbench.surgery import MEASURES, Surgery, by_layer, correct, worth_order

STEPS = 40
"""Cuts along the curve, a fortieth of what can be cut between them."""
Ends = tuple[float, float, float]
"""A value and the ends of its 95 % interval."""


@dataclass(frozen=True, eq=False)
class _Cut:
    """One run cut to each of some sizes by one measure: on images of the scoring half."""

    right: Bool[np.ndarray, "sizes n"]
    parameters: Int64[np.ndarray, " sizes"]
    macs: Int64[np.ndarray, " sizes"]


def view_pruning_curve(
    runs: Sequence[Run],
    layer: str | None = None,
    margin: float = 0.003,
    data: DataSource | None = None,
    progress: Progress = no_progress,
) -> InsideView:
    """Accuracy of `runs`, readings of one network, against the fraction of channels cut out.

    Channels go by the worth that each run's choosing half gave them, and the scoring half scores,
    which therefore chose nothing. `margin` is what a cut may cost, a fraction: cuts are tested from
    the smallest on, up to the first that is not shown to cost at most that, so that the chance of
    calling one safe that is not stays 2.5 % (a fixed sequence). Nothing is trained.
    Raises ToileError where readings do not score on the same images.

    The band drawn, and the ends of `accuracy` in the record, are those of the change from the whole
    network, by which cuts are judged, laid about the whole one's accuracy: the whole one itself has
    a band of nothing there, however few images say what its accuracy is.

    Values: `channels`, how many are cut; of each measure (readings, sizes) `NAME/accuracy`, and
    `NAME/parameters`, `NAME/macs`.
    """
    _refuse_different_images(runs)
    cuts, sizes, total = _all_cuts(runs, layer, data, progress)
    lines = {name: _line(by_run) for name, by_run in cuts.items()}
    shown = {name: _shown(by_run, margin) for name, by_run in cuts.items()}
    first = cuts["rise"][0]
    record = {
        "runs": [run.id for run in runs], "layer": layer, "channels": total,
        "images": first.right.shape[1], "cut": sizes.tolist(), "margin": margin,
        "measures": {
            name: {
                "accuracy": [list(ends) for ends in lines[name]],
                "parameters": cuts[name][0].parameters.tolist(),
                "macs": cuts[name][0].macs.tolist(),
                "within": _within(shown[name], cuts[name], sizes),
            }
            for name in cuts
        },
    }  # fmt: skip
    values = {"channels": sizes} | {
        f"{name}/{what}": np.stack([getattr(cut, what) for cut in by_run])
        for name, by_run in cuts.items()
        for what in ("parameters", "macs")
    }
    for name, by_run in cuts.items():
        values[f"{name}/accuracy"] = np.stack([cut.right.mean(1) for cut in by_run])
    title = f"{runs[0].recipe.name} with channels cut{'' if layer is None else f' out of {layer}'}"
    drawing = [
        PruningLine(
            MEASURES[name], tuple(lines[name]),
            float(sizes[shown[name]] / total) if shown[name] else None,
        )
        for name in cuts
    ]  # fmt: skip
    return InsideView(
        record,
        values,
        tuple(_says(record)),
        lambda narrow: pruning_figure((sizes / total).tolist(), drawing, title, margin, narrow),
    )


def _refuse_different_images(runs: Sequence[Run]) -> None:
    first = runs[0]
    for run in runs[1:]:
        if not (
            run.data.order == first.data.order
            and np.array_equal(run.validation_indices, first.validation_indices)
            and np.array_equal(run.validation.selection, first.validation.selection)
        ):
            raise ToileError(
                f"{first.id} and {run.id} score on different images, as readings with data.folds "
                "do, so their cuts cannot be judged together; name one of them"
            )


def _all_cuts(
    runs: Sequence[Run], layer: str | None, data: DataSource | None, progress: Progress
) -> tuple[dict[str, list[_Cut]], Int64[np.ndarray, " sizes"], int]:
    cuts: dict[str, list[_Cut]] = {measure: [] for measure in MEASURES}
    sizes, total = np.zeros(0, np.int64), 0
    for run in runs:
        surgery = Surgery(run, "last", prepare_data(data_settings(run, data), progress), progress)
        ranked = surgery.ranked(layer)
        # One of each layer's stays.
        total = sum(len(worth.rise) for worth in ranked)
        most = total - len(ranked)
        if not most:
            raise ToileError(f"{run.id} has one channel in each layer, so there is none to cut")
        sizes = np.unique(np.linspace(0, most, STEPS + 1).round().astype(np.int64))
        for measure in MEASURES:
            cuts[measure].append(_cut_to(surgery, worth_order(ranked, measure), sizes))
    return cuts, sizes, total


def _cut_to(
    surgery: Surgery, order: Sequence[tuple[str, int]], sizes: Int64[np.ndarray, " sizes"]
) -> _Cut:
    part = surgery.validation.gather(np.flatnonzero(~surgery.selection))
    right, parameters, macs = [], [], []
    for done, size in enumerate(map(int, sizes), start=1):
        cut = surgery.cut(by_layer(order[:size]))
        right.append(correct(surgery.built(cut).logits(part.pixels), part.labels))
        plan = surgery.plan_of(cut)
        parameters.append(plan.parameters)
        macs.append(plan.macs)
        surgery.progress(done, len(sizes), "cutting")
    return _Cut(np.stack(right), np.array(parameters), np.array(macs))


def _line(by_run: Sequence[_Cut]) -> list[Ends]:
    """Accuracy at each size, the mean of several runs, and the whole one's moved by the change."""
    uncut = float(np.mean([cut.right[0].mean() for cut in by_run]))
    changes = [_difference(by_run, at) for at in range(1, len(by_run[0].right))]
    return [(uncut, uncut, uncut)] + [
        (uncut + value, max(uncut + low, 0.0), min(uncut + high, 1.0))
        for value, low, high in changes
    ]


def _difference(by_run: Sequence[_Cut], at: int) -> Ends:
    """By how much accuracy changes from nothing cut to the size at `at`.

    Of several readings, Student's reach over them and that of the images are added as independent
    errors are: readings that agree, as where dead channels go, say nothing of other images.
    """
    if len(by_run) == 1:
        (cut,) = by_run
        change = evaluation.paired_difference(evaluation.mcnemar(cut.right[0], cut.right[at]))
        return change.value, change.low, change.high
    changes = np.stack([cut.right[at].astype(np.float64) - cut.right[0] for cut in by_run])
    value, low, _ = mean_interval(changes.mean(1).tolist())
    reach = math.hypot(value - low, _images_reach(changes.mean(0)))
    return value, max(value - reach, -1.0), min(value + reach, 1.0)


def _images_reach(changes: Float64[np.ndarray, " n"]) -> float:
    """Half of the 95 % interval of a mean of changes, each from -1 to 1, over other such images.

    With half an image added that changes by 1 and half that changes by -1, as `paired_difference`
    has it of whole changes, so that it has a width where none changes.
    """
    n = len(changes) + 2
    variance = ((changes**2).sum() + 1 - changes.sum() ** 2 / n) / n**2
    return NormalDist().inv_cdf(0.975) * math.sqrt(variance)


def _shown(by_run: Sequence[_Cut], margin: float) -> int:
    """Where the largest cut stands that is shown to cost at most `margin`; 0 where none is."""
    sizes = range(1, len(by_run[0].right))
    safe: list[int] = list(takewhile(lambda at: _difference(by_run, at)[1] >= -margin, sizes))
    return safe[-1] if safe else 0


def _within(
    at: int, by_run: Sequence[_Cut], sizes: Int64[np.ndarray, " sizes"]
) -> dict[str, Any] | None:
    if not at:
        return None
    value, low, high = _difference(by_run, at)
    return {
        "channels": int(sizes[at]),
        "parameters": [
            int(np.mean([cut.parameters[index] for cut in by_run])) for index in (0, at)
        ],
        "macs": [int(np.mean([cut.macs[index] for cut in by_run])) for index in (0, at)],
        "difference": {"value": value, "low": low, "high": high},
    }


def _says(record: dict[str, Any]) -> list[str]:
    measures, total, points = record["measures"], record["channels"], 100 * record["margin"]
    uncut = measures["rise"]["accuracy"][0]
    readings = len(record["runs"])
    says = [
        (
            f"{total:,} channels can be cut but for one of each layer; whole "
            f"{100 * uncut[0]:.2f} % on {record['images']:,} images that chose nothing"
            + (f", mean of {readings} readings" if readings > 1 else "")
        )
    ]
    for name, measure in measures.items():
        within = measure["within"]
        if within is None:
            says.append(f"by {MEASURES[name]}: no cut is shown to cost at most {points:g} points")
            continue
        before, after = within["parameters"]
        change = {key: 100 * value for key, value in within["difference"].items()}
        says.append(
            f"by {MEASURES[name]}: {within['channels']:,} channels "
            f"({100 * within['channels'] / total:.0f} %) are shown to cost at most {points:g} "
            f"points: {change['value']:+.2f} ({change['low']:+.2f} to {change['high']:+.2f}), "
            f"{100 * (1 - after / before):.0f} % of {before:,} parameters gone"
        )
    halves = {name: _area(measure["accuracy"]) for name, measure in measures.items()}
    ordered = ", ".join(f"{MEASURES[name]} {100 * area:.1f} %" for name, area in halves.items())
    says.append(f"mean accuracy along the curve: {ordered}")
    return says


def _area(accuracy: list[list[float]]) -> float:
    values: Float64[np.ndarray, " sizes"] = np.array(accuracy)[:, 0]
    return float(values.mean())
