"""Cutting channels out of a run's network: their importance, and cuts tried on validation."""

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Bool, Float32

from toile.data import Progress
from toile.errors import ToileError
from toile.inspection import (
    MEASURES,
    ChannelSpaces,
    ChannelWorth,
    CutNetwork,
    channel_batches,
    cut_channels,
    cut_dead,
    rank_channels,
    run_census,
)
from toile.network import ScaledNetwork, trained_network
from toile.recipe import Plan, plan_network
from toile.runs import PreparedData, Run, refuse_other_images, stored_weights
from toile.workbench.dead_units import batches

MOST_TRIED = 20
"""Cuts that are tried until one loses too much; then the size is narrowed down."""
SAME_LOGITS = 1e-5
Channel = tuple[str, int]
"""The layer that computes it, and its index."""


class Surgery:
    """`run` with its `weights` and its split data, for trying cuts.

    The selection half of validation chooses the channels; the other half scores.
    """

    def __init__(self, run: Run, weights: str, prepared: PreparedData, progress: Progress) -> None:
        if not len(run.validation_indices):
            raise ToileError(
                f"{run.id} was trained without validation images (data.validation is 0), which are "
                "needed to choose a cut and measure its cost; prune a run that holds some out"
            )
        refuse_other_images(run, prepared.dataset)
        self.run, self.prepared, self.progress = run, prepared, progress
        self.plan: Plan = run.plan
        self.weights = stored_weights(run, weights).arrays
        self.classifier = run.classifier(weights)
        self.validation = prepared.split.validation
        self.selection: Bool[np.ndarray, " n"] = prepared.split.selection

    def cut(self, cuts: dict[str, list[int]]) -> CutNetwork:
        """The network without these channels."""
        return cut_channels(self.plan, self.weights, cuts)

    def cut_dead(self) -> tuple[CutNetwork, dict[str, list[int]], tuple[str, ...]]:
        """The network without dead channels, its silent channels, and sentences on what stays.

        Raises ToileError if that would change a logit of a training image.
        """
        pixels = self.prepared.split.train.pixels
        census = run_census(
            self.classifier.module,
            batches(self.classifier, pixels),
            correlations=False,
            progress=lambda done: self.progress(done, len(pixels), "counting"),
        )
        dead = cut_dead(self.plan, self.weights, census)
        pair = self.classifier.model, self.built(dead.cut)
        before, after = (model.logits(pixels) for model in pair)
        change, largest = float(np.abs(before - after).max()), float(np.abs(before).max())
        if change > SAME_LOGITS * largest:
            raise ToileError(
                f"cutting the dead channels of {self.run.id} would change a logit by {change:.3g} "
                f"of {largest:.3g}; nothing was cut. Cut them by --channels, which measures the "
                "cost"
            )
        return dead.cut, dead.silent, dead.left

    def ranked(
        self, layer: str | None, measures: Collection[str] = tuple(MEASURES)
    ) -> list[ChannelWorth]:
        """The importance of each channel (of `layer`) that can be cut, by the selection half.

        Raises ToileError if the channels of `layer` cannot be cut.
        """
        spaces = ChannelSpaces(self.plan)
        chosen = spaces.cuttable() if layer is None else [spaces.of(layer)]
        if fixed := [space for space in chosen if space.fixed]:
            raise ToileError(f"no channel of {layer} can be cut: {fixed[0].fixed}")
        part = self.validation.gather(np.flatnonzero(self.selection))
        inputs = channel_batches(batches(self.classifier, part.pixels), part.labels)
        return rank_channels(
            self.classifier.module,
            chosen,
            inputs,
            lambda done, total: self.progress(done, total, "measuring channels"),
            measures,
        )

    def cut_until(self, order: list[Channel], cost: float) -> CutNetwork:
        """The largest tried cut before the first that costs more, on the selection half.

        Sizes are tried in twentieths of what can be cut, then narrowed down to a single channel.
        """
        part = self.validation.gather(np.flatnonzero(self.selection))
        accuracy = correct(self.classifier.model.logits(part.pixels), part.labels).mean()
        best, least = self.cut({}), 0

        def costs_more(tried: CutNetwork) -> bool:
            right = correct(self.built(tried).logits(part.pixels), part.labels)
            return bool(accuracy - right.mean() > cost)

        sizes = np.unique(np.linspace(0, len(order), MOST_TRIED + 1).round().astype(int))[1:]
        for done, size in enumerate(map(int, sizes), start=1):
            tried = self.cut(by_layer(order[:size]))
            self.progress(done, len(sizes), "trying cuts")
            if costs_more(tried):
                break
            best, least = tried, size
        else:
            return best
        while size - least > 1:
            middle = (size + least) // 2
            self.progress(middle, len(order), "narrowing the cut")
            tried = self.cut(by_layer(order[:middle]))
            if costs_more(tried):
                size = middle
            else:
                best, least = tried, middle
        return best

    def built(self, cut: CutNetwork) -> ScaledNetwork:
        """The cut network with its weights."""
        network = trained_network(self.plan_of(cut), cut.weights)
        return ScaledNetwork(network, self.classifier.model.pixels)

    def plan_of(self, cut: CutNetwork) -> Plan:
        """The plan of the cut network."""
        return plan_network(cut.layers, self.plan.input, self.plan.classes)


def worth_order(ranked: Sequence[ChannelWorth], measure: str) -> list[Channel]:
    """Channels by importance, the least important first, without the best of each layer.

    Norms are divided by the root mean square of their layer's norms, since the weights of layers
    differ in size.
    """
    rows = []
    for worth in ranked:
        values = getattr(worth, measure)
        if measure == "norm":
            values = values / np.sqrt(np.square(values).mean())
        cuttable = sorted(enumerate(values), key=lambda item: float(item[1]))[:-1]
        rows += [(float(value), worth.layer, channel) for channel, value in cuttable]
    return [(name, channel) for _, name, channel in sorted(rows)]


def by_layer(order: Sequence[Channel]) -> dict[str, list[int]]:
    """The channels of `order` by the layers that compute them."""
    cuts: dict[str, list[int]] = {}
    for name, channel in order:
        cuts.setdefault(name, []).append(channel)
    return cuts


def correct(logits: Float32[np.ndarray, "n k"], labels: np.ndarray) -> Bool[np.ndarray, " n"]:
    """Which images are predicted right."""
    return np.asarray(logits.argmax(axis=1) == labels)


def rounded_percent(fraction: float) -> str:
    """`31 %`, with as many decimals as it takes not to say 0 or 100 % of what is neither."""
    digits = 0
    while 0 < fraction < 1 and float(f"{100 * fraction:.{digits}f}") in (0, 100):
        digits += 1
    return f"{100 * fraction:.{digits}f} %"
