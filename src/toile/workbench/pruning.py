"""Filters cut out of a run's network: a new run, and what that cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32

from toile import evaluation
from toile.data import Progress, no_progress
from toile.errors import ToileError
from toile.evaluation import Estimate
from toile.inspection import (
    ChannelSpaces,
    CutNetwork,
    channel_batches,
    cut_channels,
    cut_dead,
    rank_channels,
    run_census,
    seconds_each,
)
from toile.network import ScaledNetwork, trained_network
from toile.recipe import Plan, Recipe, plan_network, recipe_of
from toile.runs import (
    PreparedData,
    Run,
    begin_prepared,
    data_settings,
    open_run,
    prepare_data,
    refuse_other_images,
    stored_weights,
)
from toile.workbench.dead_units import batches

MOST_TRIED = 20
"""Cuts that are tried on the way to the one that costs what may be lost."""
SAME_LOGITS = 1e-5


@dataclass(frozen=True)
class Removal:
    """What to cut: one of a share of the channels, those named, the dead, or as many as may be.

    `until_cost` is in points of accuracy on the half of validation that chooses.
    """

    layer: str | None = None
    fraction: float | None = None
    channels: Sequence[int] | None = None
    dead: bool = False
    until_cost: float | None = None

    def refuse_unless_one(self) -> None:
        """Raise ToileError unless exactly one thing is asked for, within its range."""
        requested = [self.fraction is not None, self.channels is not None, self.dead]
        requested.append(self.until_cost is not None)
        if sum(requested) != 1:
            raise ToileError(
                "say what to cut, and one thing alone: --share 0.25, --channels 3,7, --dead or "
                "--until-cost 0.3"
            )
        if self.channels is not None and self.layer is None:
            raise ToileError("--channels are of a layer; name it with --layer conv2")
        if self.fraction is not None and not 0 < self.fraction < 1:
            raise ToileError(f"--share is {self.fraction}; it goes from above 0 to below 1")
        if self.until_cost is not None and not 0 <= self.until_cost <= 100:
            raise ToileError(f"--until-cost is {self.until_cost}; it is points, from 0 to 100")


@dataclass(frozen=True, eq=False)
class Pruned:
    """The new `run`, and before and after of what counts, priced on the scoring half alone.

    `uncut` has sentences of what could not be cut. `seconds` are of a thousand images.
    """

    run: Run
    parent: Run
    removed: dict[str, list[int]]
    parameters: tuple[int, int]
    macs: tuple[int, int]
    seconds: tuple[float, float]
    accuracy: tuple[Estimate, Estimate]
    difference: Estimate
    p: float
    classes: tuple[dict[str, Any], ...]
    uncut: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "run": str(self.run.folder),
            "parent": str(self.parent.folder),
            "removed": self.removed,
            "parameters": list(self.parameters),
            "macs": list(self.macs),
            "seconds": list(self.seconds),
            "accuracy": [estimate.to_json() for estimate in self.accuracy],
            "difference": {
                "value": self.difference.value,
                "low": self.difference.low,
                "high": self.difference.high,
                "p": self.p,
            },
            "classes": list(self.classes),
        }

    def sentence(self) -> str:
        """What it came to, as `31 % smaller, 1.3 times as fast, -0.1 points (...), Shirt pays`."""
        smaller = 1 - self.parameters[1] / self.parameters[0]
        faster = self.seconds[0] / self.seconds[1]
        value, low, high = (
            100 * bound
            for bound in (self.difference.value, self.difference.low, self.difference.high)
        )
        paying = [row["class"] for row in self.classes if row["pays"]]
        pays = (
            f"{' and '.join(paying)} pay{'s' * (len(paying) == 1)}"
            if paying
            else ("no class is shown to pay")
        )
        return (
            f"{100 * smaller:.0f} % smaller, {faster:.2g} times as fast, "
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
    """Cut channels out of the network of `run`, as a new run, and price that.

    What to cut is chosen on the half of validation that chooses; the other half prices it, once.
    `finetune` epochs follow at a tenth of the learning rate. Raises ToileError for what cannot be
    cut, or where the data is no longer the same.
    """
    removal.refuse_unless_one()
    run = run if isinstance(run, Run) else open_run(run)
    if not len(run.validation_indices):
        raise ToileError(
            f"{run.id} was trained without validation images (data.validation is 0), and they are "
            "what a cut is chosen and priced on; prune a run that holds some out"
        )
    surgery = _Surgery(run, weights, prepare_data(data_settings(run, data), progress), progress)
    cut, silent, uncut = surgery.cut(removal)
    if not cut.removed:
        raise ToileError(
            f"nothing of {run.id} is to be cut"
            + "".join(f"; left: {sentence}" for sentence in uncut)
        )
    recipe = _child(run, weights, cut, silent, finetune)
    live = begin_prepared(recipe, surgery.prepared)
    return surgery.price(live.finish(), cut, uncut)


class _Surgery:
    def __init__(self, run: Run, weights: str, prepared: PreparedData, progress: Progress) -> None:
        refuse_other_images(run, prepared.dataset)
        self.run, self.prepared, self.progress = run, prepared, progress
        self.plan: Plan = run.plan
        self.weights = stored_weights(run, weights).arrays
        self.classifier = run.classifier(weights)
        self.validation = prepared.split.validation
        self.selection: Bool[np.ndarray, " n"] = prepared.split.selection

    def cut(self, removal: Removal) -> tuple[CutNetwork, dict[str, list[int]], tuple[str, ...]]:
        """The cut, the channels that are silent, and sentences of what was left."""
        if removal.dead:
            return self._cut_dead()
        if removal.channels is not None:
            assert removal.layer is not None
            return self._cut({removal.layer: list(removal.channels)}), {}, ()
        order = self._order(removal.layer)
        if removal.fraction is not None:
            # One of each layer's stays, and counts among all.
            total = len(order) + len({name for name, _ in order})
            return self._cut(_among(order[: round(removal.fraction * total)])), {}, ()
        assert removal.until_cost is not None
        return self._cut_until(order, removal.until_cost / 100), {}, ()

    def _cut(self, cuts: dict[str, list[int]]) -> CutNetwork:
        return cut_channels(self.plan, self.weights, cuts)

    def _cut_dead(self) -> tuple[CutNetwork, dict[str, list[int]], tuple[str, ...]]:
        pixels = self.prepared.split.train.pixels
        census = run_census(
            self.classifier.module,
            batches(self.classifier, pixels),
            correlations=False,
            progress=lambda done: self.progress(done, len(pixels), "counting"),
        )
        dead = cut_dead(self.plan, self.weights, census)
        pair = self.classifier.model, self._built(dead.cut)
        before, after = (model.logits(pixels) for model in pair)
        change, largest = float(np.abs(before - after).max()), float(np.abs(before).max())
        if change > SAME_LOGITS * largest:
            raise ToileError(
                f"cutting the dead channels of {self.run.id} would move a logit by {change:.3g} of "
                f"{largest:.3g}; nothing was cut. Cut them by --channels, which prices it"
            )
        return dead.cut, dead.silent, dead.left

    def _order(self, layer: str | None) -> list[tuple[str, int]]:
        """Channels by what they are worth on the choosing half, the least first; one stays each."""
        spaces = ChannelSpaces(self.plan)
        chosen = spaces.cuttable() if layer is None else [spaces.of(layer)]
        if fixed := [space for space in chosen if space.fixed]:
            raise ToileError(f"no channel of {layer} can be cut: {fixed[0].fixed}")
        part = self.validation.gather(np.flatnonzero(self.selection))
        inputs = channel_batches(batches(self.classifier, part.pixels), part.labels)
        ranked = rank_channels(
            self.classifier.module,
            chosen,
            inputs,
            lambda done, total: self.progress(done, total, "measuring channels"),
        )
        rows = [
            (float(rise), worth.layer, channel)
            for worth in ranked
            for channel, rise in sorted(enumerate(worth.rise), key=lambda item: item[1])[:-1]
        ]
        return [(name, channel) for _, name, channel in sorted(rows)]

    def _cut_until(self, order: list[tuple[str, int]], cost: float) -> CutNetwork:
        """The largest cut tried before one that costs more, on the choosing half."""
        part = self.validation.gather(np.flatnonzero(self.selection))
        accuracy = _correct(self.classifier.model.logits(part.pixels), part.labels).mean()
        best = self._cut({})
        sizes = np.unique(np.linspace(0, len(order), MOST_TRIED + 1).round().astype(int))[1:]
        for done, size in enumerate(sizes, start=1):
            tried = self._cut(_among(order[:size]))
            self.progress(done, len(sizes), "trying cuts")
            if (
                accuracy - _correct(self._built(tried).logits(part.pixels), part.labels).mean()
                > cost
            ):
                break
            best = tried
        return best

    def _built(self, cut: CutNetwork) -> ScaledNetwork:
        plan = plan_network(cut.layers, self.plan.input, self.plan.classes)
        return ScaledNetwork(trained_network(plan, cut.weights), self.classifier.model.pixels)

    def price(self, child: Run, cut: CutNetwork, uncut: tuple[str, ...]) -> Pruned:
        """Before and after on the scoring half, which chose nothing."""
        part = self.validation.gather(np.flatnonzero(~self.selection))
        pair = (self.classifier.model, child.classifier().model)
        before, after = (_correct(model.logits(part.pixels), part.labels) for model in pair)
        test = evaluation.mcnemar(before, after)
        seconds = seconds_each([model.network for model in pair], pair[0].inputs(part.pixels[:250]))
        return Pruned(
            child,
            self.run,
            cut.removed,
            (self.plan.parameters, child.plan.parameters),
            (self.plan.macs, child.plan.macs),
            (seconds[0], seconds[1]),
            (_accuracy(before), _accuracy(after)),
            evaluation.paired_difference(test),
            test.p,
            _by_class(before, after, part.labels, self.run.facts.class_names),
            uncut,
        )


def _child(
    run: Run, weights: str, cut: CutNetwork, silent: dict[str, list[int]], epochs: int
) -> Recipe:
    """The recipe that builds the cut network from `run`."""
    document = run.recipe.model_dump(mode="json")
    document["name"] = f"{run.recipe.name[:36]}-cut"
    smaller = recipe_of({"network": list(cut.layers)})
    document["network"] = smaller.model_dump(mode="json")["network"]
    start: dict[str, Any] = {"run": str(run.folder.resolve()), "weights": weights}
    start |= {"cut": _listed(cut.removed), "silent": _listed(silent)}
    document["training"] |= {"epochs": epochs, "extended": [], "start": start}
    (kind,) = document["training"]["optimizer"]
    document["training"]["optimizer"][kind]["learning_rate"] /= 10
    return recipe_of(document)


def _listed(channels: dict[str, list[int]]) -> list[dict[str, Any]]:
    return [{"layer": name, "channels": list(indices)} for name, indices in channels.items()]


def _among(order: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    cuts: dict[str, list[int]] = {}
    for name, channel in order:
        cuts.setdefault(name, []).append(channel)
    return cuts


def _correct(logits: Float32[np.ndarray, "n k"], labels: np.ndarray) -> Bool[np.ndarray, " n"]:
    return np.asarray(logits.argmax(axis=1) == labels)


def _accuracy(right: Bool[np.ndarray, " n"]) -> Estimate:
    return evaluation.proportion(int(right.sum()), len(right))


def _by_class(
    before: Bool[np.ndarray, " n"],
    after: Bool[np.ndarray, " n"],
    labels: np.ndarray,
    names: Sequence[str],
) -> tuple[dict[str, Any], ...]:
    """Recall of each class before and after; it `pays` where its fall is shown, by Holm's steps."""
    tests = [evaluation.mcnemar(before[labels == k], after[labels == k]) for k in range(len(names))]
    shown, allowed = set(), True
    # Holm 1979, Scand. J. Stat. 6, 65-70: the k-th smallest p against .05 / (classes - k).
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
