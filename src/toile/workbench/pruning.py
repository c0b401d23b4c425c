"""Cuts channels out of a run's network as a new run, and measures the cost in accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from toile import evaluation
from toile.data import Progress, no_progress
from toile.errors import ToileError, not_one_of
from toile.evaluation import Estimate
from toile.files import write_json
from toile.inspection import MEASURES, CutNetwork, seconds_each
from toile.recipe import Recipe, recipe_of
from toile.runs import (
    PRUNING,
    Run,
    begin_prepared,
    data_settings,
    open_run,
    prepare_data,
    read_state,
    seen_json,
    seen_words,
)
from toile.statistics import list_names
from toile.workbench.surgery import Surgery, by_layer, correct, rounded_percent, worth_order


@dataclass(frozen=True)
class Removal:
    """What to cut: a fraction of the channels, named channels, dead ones, or as many as allowed.

    Exactly one of these is set. `until_cost` is the allowed loss in points of accuracy on the
    selection half of validation. `by` is the measure of importance that orders channels.
    """

    layer: str | None = None
    fraction: float | None = None
    channels: Sequence[int] | None = None
    dead: bool = False
    until_cost: float | None = None
    by: str = "rise"

    @property
    def is_ranked(self) -> bool:
        """Whether the selection half of validation decides which channels go."""
        return self.channels is None and not self.dead

    def refuse_unless_one(self) -> None:
        """Raise ToileError unless exactly one kind of cut is set, within its range."""
        requested = [self.fraction is not None, self.channels is not None, self.dead]
        requested.append(self.until_cost is not None)
        if sum(requested) != 1:
            raise ToileError(
                "choose what to cut by exactly one of --fraction 0.25, --channels 3,7, --dead or "
                "--until-cost 0.3"
            )
        if self.channels is not None and self.layer is None:
            raise ToileError("--channels need a layer; name it, such as --layer conv2")
        if self.fraction is not None and not 0 < self.fraction < 1:
            raise ToileError(f"--fraction is {self.fraction}; it goes from above 0 to below 1")
        if self.by not in MEASURES:
            raise not_one_of("--by", self.by, MEASURES)
        if self.until_cost is not None and not 0 <= self.until_cost <= 100:
            raise ToileError(f"--until-cost is {self.until_cost}; it is points, from 0 to 100")


@dataclass(frozen=True, eq=False)
class Pruned:
    """The new `run`, and sizes, times and scores (before, after) on the scoring half.

    `uncut` has sentences on what could not be cut. `doubt` says if the cost is not shown to be
    within the allowed loss. `seconds` are for a thousand images, medians of seven rounds; `faster`
    is how many times as fast it became, with the least and the most of a round, between which the
    median of many rounds lies in 98 of 100 cases.
    """

    run: Run
    parent: Run
    removed: dict[str, list[int]]
    parameters: tuple[int, int]
    macs: tuple[int, int]
    seconds: tuple[float, float]
    faster: tuple[float, float, float]
    accuracy: tuple[Estimate, Estimate]
    difference: Estimate
    p: float
    classes: tuple[dict[str, Any], ...]
    uncut: tuple[str, ...]
    doubt: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "run": str(self.run.folder),
            "parent": str(self.parent.folder),
            "removed": self.removed,
            "parameters": list(self.parameters),
            "macs": list(self.macs),
            "seconds": list(self.seconds),
            "faster": list(self.faster),
            "accuracy": [estimate.to_json() for estimate in self.accuracy],
            "difference": {
                "value": self.difference.value,
                "low": self.difference.low,
                "high": self.difference.high,
                "p": self.p,
            },
            "classes": list(self.classes),
            "doubt": self.doubt or None,
            "seen": seen_json(self.run.recipe),
        }

    def record(self) -> dict[str, Any]:
        """The record that the new run keeps."""
        return {
            "parent": self.parent.id,
            "sentence": self.sentence(),
            "removed": self.removed,
            "parameters": list(self.parameters),
            "macs": list(self.macs),
            "seconds": list(self.seconds),
            "doubt": self.doubt or None,
        }

    @property
    def seen(self) -> str:
        """What must be said beside the scores; empty where none of their images was learnt."""
        return seen_words(self.run.recipe)

    def sentence(self) -> str:
        """The result, such as `31 % smaller, 1.3 times as fast (1.1 to 1.4), -0.1 points (...)`."""
        smaller = 1 - self.parameters[1] / self.parameters[0]
        faster, slowest, fastest = self.faster
        value, low, high = (
            100 * bound
            for bound in (self.difference.value, self.difference.low, self.difference.high)
        )
        paying = [row["class"] for row in self.classes if row["pays"]]
        pays = (
            f"{list_names(paying, 'and')} pay{'s' * (len(paying) == 1)}"
            if paying
            else ("no class is shown to pay")
        )
        ends = f"{slowest:.2g} to {fastest:.2g}"
        speed = f"{faster:.2g} times as fast ({ends})"
        if slowest <= 1 <= fastest:
            speed = f"not shown to be faster or slower ({ends} times as fast)"
        return (
            f"{rounded_percent(smaller)} smaller, {speed}, "
            f"{value:+.1f} points ({low:+.1f} to {high:+.1f}), {pays}"
        )


def prune(
    run: str | Path | Run,
    removal: Removal,
    *,
    finetune: int = 0,
    weights: str = "last",
    data: str | Path | None = None,
    progress: Progress = no_progress,
) -> Pruned:
    """Cut channels out of the network of `run` as a new run, and measure the cost.

    The selection half of validation chooses the channels; the scoring half measures the cost, once.
    `finetune` epochs of training follow, at a tenth of the learning rate. Raises ToileError for
    what cannot be cut, if fine-tuning diverges, or if the data has changed.
    """
    removal.refuse_unless_one()
    run = open_run(run)
    surgery = Surgery(run, weights, prepare_data(data_settings(run, data), progress), progress)
    cut, silent, uncut = _cut(surgery, removal)
    if not cut.removed:
        raise ToileError(
            f"nothing of {run.id} {'is dead' if removal.dead and not uncut else 'can be cut'}"
            + "".join(f"; left: {sentence}" for sentence in uncut)
            + _why_nothing_cut(removal)
        )
    recipe = _child(run, weights, cut, silent, finetune, removal.is_ranked)
    live = begin_prepared(recipe, surgery.prepared)
    child = live.finish()
    state = read_state(child.folder)
    if state.status != "finished":
        raise ToileError(
            f"fine-tuning {child.id} {state.status}: {state.reason}; no cost was measured. Cut "
            f"less, or leave --finetune out; toile rm {child.id} removes it"
        )
    pruned = _compared(surgery, child, cut, uncut)
    pruned = replace(pruned, doubt=_doubt(removal, pruned.difference))
    write_json(pruned.run.folder / PRUNING, pruned.record() | {"epoch": state.epoch})
    return pruned


def _cut(
    surgery: Surgery, removal: Removal
) -> tuple[CutNetwork, dict[str, list[int]], tuple[str, ...]]:
    """The cut network, its silent channels, and sentences on what was not cut."""
    if removal.dead:
        return surgery.cut_dead()
    if removal.channels is not None:
        assert removal.layer is not None
        return surgery.cut({removal.layer: list(removal.channels)}), {}, ()
    order = worth_order(surgery.ranked(removal.layer, (removal.by,)), removal.by)
    if removal.fraction is not None:
        # One channel of each layer stays, and counts in the total.
        total = len(order) + len({name for name, _ in order})
        num = round(removal.fraction * total)
        if order and not num:
            raise ToileError(
                f"--fraction is {removal.fraction:g}, which is less than half a channel of the "
                f"{total:,} that are ranked; from {1 / total:.2g} on it cuts one"
            )
        return surgery.cut(by_layer(order[:num])), {}, ()
    assert removal.until_cost is not None
    return surgery.cut_until(order, removal.until_cost / 100), {}, ()


def _compared(surgery: Surgery, child: Run, cut: CutNetwork, uncut: tuple[str, ...]) -> Pruned:
    """Compare before and after on the scoring half, which chose nothing."""
    part = surgery.validation.gather(np.flatnonzero(~surgery.selection))
    pair = (surgery.classifier.model, child.classifier().model)
    before, after = (correct(model.logits(part.pixels), part.labels) for model in pair)
    test = evaluation.mcnemar(before, after)
    seconds = seconds_each([model.network for model in pair], pair[0].inputs(part.pixels[:250]))
    ratios = seconds[0] / seconds[1]
    return Pruned(
        run=child,
        parent=surgery.run,
        removed=cut.removed,
        parameters=(surgery.plan.parameters, child.plan.parameters),
        macs=(surgery.plan.macs, child.plan.macs),
        seconds=(float(np.median(seconds[0])), float(np.median(seconds[1]))),
        faster=(float(np.median(ratios)), float(ratios.min()), float(ratios.max())),
        accuracy=(_accuracy(before), _accuracy(after)),
        difference=evaluation.paired_difference(test),
        p=test.p,
        classes=_by_class(before, after, part.labels, surgery.run.data.class_names),
        uncut=uncut,
    )


def _why_nothing_cut(removal: Removal) -> str:
    """Why nothing was cut, within the allowed loss or of what is dead, and what to try."""
    if removal.dead:
        return (
            "; channels that are not dead are cut by --fraction 0.25, which measures the cost, and "
            "--curve shows how many can go"
        )
    if removal.until_cost is None:
        return ""
    return (
        f": without the least important channel by its {MEASURES[removal.by]}, more than "
        f"{removal.until_cost:g} points are lost on the half of validation that chooses; "
        f"{_other_order(removal.by)}"
    )


def _doubt(removal: Removal, difference: Estimate) -> str:
    """Say if the scoring half does not show that the loss is within the limit, and what to try."""
    if removal.until_cost is None or 100 * difference.low >= -removal.until_cost:
        return ""
    least = -100 * _of_no_change(difference.n).low
    few = (
        f"; {difference.n:,} images cannot show less than {least:.2f}, even where no answer "
        "changes, so allow more points, or hold out more validation images when it is trained "
        "(data.validation)"
        if least > removal.until_cost
        else ""
    )
    # Where the loss itself is within the limit, another order helps no more.
    is_within = 100 * difference.value >= -removal.until_cost
    order = "" if few and is_within else f"; {_other_order(removal.by)}"
    return (
        f"the scoring half does not show that this costs at most {removal.until_cost:g} points: it "
        f"may cost {-100 * difference.low:.2f}{order}{few}"
    )


def _of_no_change(n: int) -> Estimate:
    """The difference that `n` images show where no answer changes."""
    right = np.ones(n, bool)
    return evaluation.paired_difference(evaluation.mcnemar(right, right))


def _other_order(by: str) -> str:
    if by == "taylor":
        return "allow more points, or cut less and train the rest: --fraction .1 --finetune 1"
    return (
        f"the costs of single channels do not add up, so try --by taylor, the {MEASURES['taylor']}"
        if by == "rise"
        else f"try --by taylor, the {MEASURES['taylor']}"
    )


def _child(
    run: Run,
    weights: str,
    cut: CutNetwork,
    silent: dict[str, list[int]],
    epochs: int,
    is_ranked: bool,
) -> Recipe:
    """The recipe of the new run, which cuts the network of `run`.

    Where half of validation ranked what was cut, only the other half scores the new run.
    """
    document = run.recipe.model_dump(mode="json")
    document["name"] = f"{run.recipe.name[:36]}-cut"
    # What the parent's recipe claims of its source and its result is not true of a cut network.
    num = sum(map(len, cut.removed.values()))
    document["about"] = {"title": f"{run.id} with {num} channel{'s' * (num != 1)} cut"}
    smaller = recipe_of({"network": list(cut.layers)})
    document["network"] = smaller.model_dump(mode="json")["network"]
    start: dict[str, Any] = {"run": str(run.folder.resolve()), "weights": weights}
    start |= {"selected": is_ranked}
    start |= {"cut": _listed(cut.removed), "silent": _listed(silent)}
    document["training"] |= {"epochs": epochs, "extended": [], "start": start}
    (kind,) = document["training"]["optimizer"]
    document["training"]["optimizer"][kind]["learning_rate"] /= 10
    return recipe_of(document)


def _listed(channels: dict[str, list[int]]) -> list[dict[str, Any]]:
    return [{"layer": name, "channels": list(indices)} for name, indices in channels.items()]


def _accuracy(right: Bool[np.ndarray, " n"]) -> Estimate:
    return evaluation.proportion(int(right.sum()), len(right))


def _by_class(
    before: Bool[np.ndarray, " n"],
    after: Bool[np.ndarray, " n"],
    labels: np.ndarray,
    names: Sequence[str],
) -> tuple[dict[str, Any], ...]:
    """Each class's recall before and after; it `pays` if a fall is shown, by Holm's steps."""
    tests = [evaluation.mcnemar(before[labels == k], after[labels == k]) for k in range(len(names))]
    shown, allowed = set(), True
    # Holm 1979, Scand. J. Stat. 6, 65-70: the smallest p against .05 / classes, the next against
    # .05 / (classes - 1), and so on.
    for rank, k in enumerate(sorted(range(len(names)), key=lambda k: tests[k].p)):
        allowed = allowed and tests[k].p < 0.05 / (len(names) - rank)
        if allowed and tests[k].only_first > tests[k].only_second:
            shown.add(k)
    rows = []
    for k, (name, test) in enumerate(zip(names, tests, strict=True)):
        difference = evaluation.paired_difference(test)
        rows.append(
            {
                "class": name,
                "recall": [
                    _accuracy(correct[labels == k]).to_json() for correct in (before, after)
                ],
                "difference": {
                    "value": difference.value,
                    "low": difference.low,
                    "high": difference.high,
                },
                "p": test.p,
                "pays": k in shown,
            }
        )
    return tuple(rows)
