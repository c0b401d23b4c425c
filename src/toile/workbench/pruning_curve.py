"""Accuracy against the fraction of cut channels, by three measures of importance."""

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
from toile.inspection import MEASURES
from toile.report import PruningLine, pruning_figure
from toile.runs import Run, data_settings, prepare_data, seen_words
from toile.statistics import mean_interval
from toile.workbench.inside.inside_view import InsideView
from toile.workbench.surgery import Surgery, by_layer, correct, rounded_percent, worth_order

STEPS = 40
"""Cuts along the curve, from none to all channels that can be cut."""
Ends = tuple[float, float, float]
"""A value and the ends of its 95 % interval."""


@dataclass(frozen=True, eq=False)
class _Cut:
    """One run cut to several sizes by one measure; `right` is on the scoring half."""

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
    """The accuracy of `runs`, readings of one network, against the fraction of cut channels.

    Each run's selection half orders the channels by importance, and the scoring half scores.
    `margin` is the allowed loss, a fraction. Cuts are tested from the smallest on, up to the first
    that is not shown to lose at most `margin`: with this fixed sequence the probability of calling
    an unsafe cut safe stays 2.5 % for each measure. Nothing is trained.
    Raises ToileError if readings do not score on the same images.

    The band in the figure, and the ends of `accuracy` in the record, are the interval of the change
    from the uncut network, around its accuracy. So the uncut network has a band of width 0 there,
    although its own accuracy is uncertain.

    Values: `channels`, the numbers of cut channels; for each measure `NAME/accuracy`,
    `NAME/parameters` and `NAME/macs` (readings, sizes).
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
    remarks = {seen_words(run.recipe) for run in runs} | {_too_few(cuts["rise"], margin)}
    return InsideView(
        record,
        values,
        (*_says(record), *sorted(remarks - {""})),
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
                "do, so their cuts cannot be compared; name one of them"
            )


def _all_cuts(
    runs: Sequence[Run], layer: str | None, data: DataSource | None, progress: Progress
) -> tuple[dict[str, list[_Cut]], Int64[np.ndarray, " sizes"], int]:
    cuts: dict[str, list[_Cut]] = {measure: [] for measure in MEASURES}
    sizes, total = np.zeros(0, np.int64), 0
    for run in runs:
        surgery = Surgery(run, "last", prepare_data(data_settings(run, data), progress), progress)
        ranked = surgery.ranked(layer)
        # One channel of each layer stays.
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
    """The mean accuracy at each size: that of the uncut network plus the change, with its ends."""
    uncut = float(np.mean([cut.right[0].mean() for cut in by_run]))
    changes = [_difference(by_run, at) for at in range(1, len(by_run[0].right))]
    return [(uncut, uncut, uncut)] + [
        (uncut + value, max(uncut + low, 0.0), min(uncut + high, 1.0))
        for value, low, high in changes
    ]


def _difference(by_run: Sequence[_Cut], at: int) -> Ends:
    """The change in accuracy from no cut to the size at `at`, with its 95 % interval.

    With several readings the half-widths over readings (Student's t) and over images are combined
    as independent errors: readings may agree, as for dead channels, and yet other images may
    differ.
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
    """Half the width of the 95 % interval of a mean of changes in [-1, 1], over images.

    Half an image that changes by 1 and half an image that changes by -1 are added, as in
    `paired_difference`, so that it has a width if no image changes.
    """
    n = len(changes) + 2
    variance = ((changes**2).sum() + 1 - changes.sum() ** 2 / n) / n**2
    return NormalDist().inv_cdf(0.975) * math.sqrt(variance)


def _shown(by_run: Sequence[_Cut], margin: float) -> int:
    """The index of the largest cut shown to lose at most `margin`; 0 if there is none."""
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
            f"{total:,} channels can be cut, except one of each layer; accuracy without a cut "
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
        num = within["channels"]
        channels = f"{num:,} channel{'s' * (num != 1)} ({rounded_percent(num / total)})"
        says.append(
            f"by {MEASURES[name]}: {channels} {'is' if num == 1 else 'are'} shown to cost at most "
            f"{points:g} "
            f"points: {change['value']:+.2f} ({change['low']:+.2f} to {change['high']:+.2f}), "
            f"{rounded_percent(1 - after / before)} of {before:,} parameters gone"
        )
    halves = {name: _area(measure["accuracy"]) for name, measure in measures.items()}
    ordered = ", ".join(f"{MEASURES[name]} {100 * area:.1f} %" for name, area in halves.items())
    says.append(f"mean accuracy along the curve: {ordered}")
    return says


def _too_few(by_run: Sequence[_Cut], margin: float) -> str:
    """Say if so few images can show no cut to be within the margin, and what to do."""
    # The loss that remains possible where no answer changes.
    least = -_difference(by_run, 0)[1]
    if least <= margin:
        return ""
    return (
        f"{by_run[0].right.shape[1]:,} images cannot show less than {100 * least:.2f} points, even "
        f"where no answer changes: allow more by --within {_in_points(least):g}, or hold out more "
        "validation images when it is trained (data.validation)"
    )


def _in_points(least: float) -> float:
    """The fraction `least` as points, rounded up to a tenth, which so many images can show."""
    return math.ceil(1000 * least) / 10


def _area(accuracy: list[list[float]]) -> float:
    values: Float64[np.ndarray, " sizes"] = np.array(accuracy)[:, 0]
    return float(values.mean())
