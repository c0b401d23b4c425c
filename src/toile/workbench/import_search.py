"""Finds out how an imported network reads pictures: their scale, and the order of its classes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32
from scipy.optimize import linear_sum_assignment

from toile import evaluation
from toile.conversion import (
    SCALINGS,
    ForeignNetwork,
    Scaling,
    ordered_outputs,
    scaled_inputs,
    transposed,
)
from toile.data import Images, Progress
from toile.errors import ToileError
from toile.evaluation import Estimate
from toile.network import Pixels, network_logits, pixels_of, trained_network
from toile.recipe import plan_network
from toile.runs import PreparedData

FLOOR, MOST_FLOOR = 3, 0.5
"""A network works if its accuracy is above 3 times that of the commonest class, or above a half.

Networks with random weights reached 2.5 times: their features separate some classes.
"""
SURE = 0.1
"""A loss of working networks, whose right answers have 0.9 on the average."""
TRIED = 36
"""The number of readings: nine scales, transposed or not, with classes in order or not."""


@dataclass(frozen=True)
class Tried:
    """One way to read the network, with its accuracy and loss on the selection half of validation.

    An order of classes is chosen on every second image of that half, and scored on the others.
    """

    scaling: str
    is_transposed: bool
    is_reordered: bool
    accuracy: Estimate
    loss: float

    @property
    def words(self) -> str:
        """The way in words, such as `0 to 255, transposed`."""
        suffix = ", transposed" * self.is_transposed
        return f"{SCALINGS[self.scaling].words}{suffix}{', classes reordered' * self.is_reordered}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "scaling": self.scaling,
            "transposed": self.is_transposed,
            "reordered": self.is_reordered,
            "accuracy": self.accuracy.to_json(),
            "loss": self.loss,
        }


@dataclass(frozen=True, eq=False)
class ReadNetwork:
    """A network that reads our pictures and has our classes, and how it was read.

    `classes` has the file's output for each class; it is None if they are in order.
    """

    network: ForeignNetwork
    tried: Tried
    classes: tuple[int, ...] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Way:
    """A network as it was read, and its logits, also of outputs without a class."""

    read: ReadNetwork
    logits: Float32[np.ndarray, "n k"]


class ImportSearch:
    """Tries scales of a network's pictures on the selection half of validation."""

    def __init__(self, network: ForeignNetwork, prepared: PreparedData, progress: Progress) -> None:
        self.network, self.prepared, self.progress = network, prepared, progress
        split = prepared.split
        self.images: Images = split.validation.gather(np.flatnonzero(split.selection))
        self.classes = len(prepared.dataset.class_names)
        self.tried: list[Tried] = []
        counts = np.bincount(self.images.labels, minlength=self.classes)
        self.commonest = float(counts.max() / max(1, counts.sum()))

    @property
    def floor(self) -> float:
        """The accuracy that a working network has to exceed for certain."""
        return max(self.commonest, min(FLOOR * self.commonest, MOST_FLOOR))

    def best(self, names: Sequence[str], is_explicit: bool) -> ReadNetwork:
        """The best way of reading the network. Raises ToileError if none is good enough.

        If the scaling `is_explicit`, it is used anyway, with a note.
        """
        total = 2 * len(names)
        straight = [self._try(self.network, name, False, total) for name in names]
        network_across = transposed(self.network)
        across = (
            []
            if network_across is None
            else [self._try(network_across, name, True, total) for name in names]
        )
        self.progress(total, total, "trying scales")
        read = self._likeliest(straight)
        # Unusual ways have to be better for certain: by chance some order always looks better.
        rivals = [self._likeliest(across)] if across else []
        rivals += [self._reordered(way) for way in (*straight, *across)]
        for rival in sorted(rivals, key=lambda rival: -rival.tried.accuracy.value):
            if rival.tried.accuracy.low > read.tried.accuracy.high and self._works(rival.tried):
                read = rival
                break
        read = _in_doubt(read, rivals)
        if read.tried not in self.tried:
            self.tried.append(read.tried)
        if self._works(read.tried):
            return read
        problem = (
            f"no way of reading {self.network.source} is certainly right on more than "
            f"{100 * self.floor:.1f} % of {len(self.images)} images, of which the commonest class "
            f"has {100 * self.commonest:.1f} %: {self._table()}"
        )
        if is_explicit:
            return replace(read, notes=(*read.notes, problem))
        # What was done to pictures or layers to make them fit may be why it fails.
        notes = "".join(f"; mind that {note}" for note in self.network.notes)
        raise ToileError(
            f"{problem}{notes}. It may have been trained on other pictures or classes, or on "
            "pictures prepared in another way; --scaling, such as unit or bytes, imports it anyway"
        )

    def _table(self) -> str:
        ranked = sorted(self.tried, key=lambda tried: -tried.accuracy.value)
        return "; ".join(
            f"{tried.words}: {100 * tried.accuracy.value:.1f} %" for tried in ranked[:8]
        )

    def _works(self, tried: Tried) -> bool:
        """Whether it is certainly above the floor, corrected for the number of ways tried."""
        accuracy = tried.accuracy
        correct = round(accuracy.value * accuracy.n)
        return evaluation.proportion(correct, accuracy.n, 1 - 0.05 / TRIED).low > self.floor

    def _try(self, network: ForeignNetwork, name: str, is_transposed: bool, total: int) -> _Way:
        self.progress(len(self.tried), total, "trying scales")
        scaling = SCALINGS[name]
        scaled = scaled_inputs(network, scaling)
        logits = logits_of(scaled, scaling, self.prepared, self.images)
        # One output too many may be the first, if labels began at 1, or the last.
        ours, labels = logits[:, : self.classes], self.images.labels
        tried = Tried(
            name,
            is_transposed,
            False,
            evaluation.accuracy(ours, labels),
            evaluation.cross_entropy(ours, labels),
        )
        self.tried.append(tried)
        if scaled.outputs > self.classes:
            cut = ordered_outputs(scaled, range(self.classes))
            assert cut is not None
            scaled = cut
        return _Way(ReadNetwork(scaled, tried, None), logits)

    def _likeliest(self, ways: Sequence[_Way]) -> ReadNetwork:
        """The way of lowest loss among those whose accuracy is not clearly below the best.

        Where that one is right on all images, its loss says only how sure it is, and every larger
        factor on its inputs makes it surer. So then it is the one of the smallest factor that is
        sure enough.
        """
        low = max(way.read.tried.accuracy.low for way in ways)
        close = [way.read for way in ways if way.read.tried.accuracy.value >= low]
        read = min(close, key=lambda read: read.tried.loss)
        if len(close) == 1:
            return read
        why = "the lowest loss was chosen"
        sure = [read for read in close if read.tried.loss <= SURE]
        if read.tried.accuracy.value == 1 and len(sure) > 1:
            why = (
                f"{read.tried.words} answers all {len(self.images)} images right, so that its loss "
                "says only how sure it is, and the least scaled was chosen whose loss is at most "
                f"{SURE}; --scaling decides otherwise"
            )
            read = min(sure, key=lambda read: max(map(abs, SCALINGS[read.tried.scaling].factor)))
        words = [f"{read.tried.words} (loss {read.tried.loss:.3f})" for read in close]
        note = f"accuracy does not tell apart {' and '.join(words)}; {why}"
        return replace(read, notes=(note,))

    def _reordered(self, way: _Way) -> ReadNetwork:
        """The same network with each class assigned to the output that predicts it most often.

        The order is found on every second image and scored on the others. Without another order
        it is the network of `way`.
        """
        read, logits, labels = way.read, way.logits, self.images.labels
        counts = np.zeros((self.classes, logits.shape[1]), np.int64)
        np.add.at(counts, (labels[::2], logits[::2].argmax(1)), 1)
        order = tuple(int(index) for index in linear_sum_assignment(-counts)[1])
        network = transposed(self.network) if read.tried.is_transposed else self.network
        assert network is not None
        scaled = scaled_inputs(network, SCALINGS[read.tried.scaling])
        ordered = ordered_outputs(scaled, order)
        if order == tuple(range(self.classes)) or ordered is None:
            return read
        ours, labels = logits[1::2][:, list(order)], labels[1::2]
        tried = replace(
            read.tried,
            is_reordered=True,
            accuracy=evaluation.accuracy(ours, labels),
            loss=evaluation.cross_entropy(ours, labels),
        )
        note = "its classes are in another order: " + ", ".join(
            f"output {output} is {name}"
            for output, name in zip(order, self.prepared.dataset.class_names, strict=True)
        )
        return ReadNetwork(ordered, tried, order, (note,))


def _in_doubt(read: ReadNetwork, rivals: Sequence[ReadNetwork]) -> ReadNetwork:
    """`read`, with a note if it inverts pictures where another order of classes is as good.

    Of two classes the two readings come to nearly the same: both turn the answers around.
    """
    upright = [
        rival
        for rival in rivals
        if rival.tried.is_reordered
        and not rival.tried.is_transposed
        and not _is_inverted(rival)
        and rival.tried.accuracy.value >= read.tried.accuracy.low
    ]
    if not upright or not _is_inverted(read) or read.tried.is_reordered:
        return read
    tried = upright[0].tried
    note = (
        f"{tried.words} has {100 * tried.accuracy.value:.1f} %: whether its pictures were inverted "
        f"or its classes in another order cannot be told; --scaling {tried.scaling} reads it so"
    )
    return replace(read, notes=(*read.notes, note))


def _is_inverted(read: ReadNetwork) -> bool:
    return SCALINGS[read.tried.scaling].factor[0] < 0


def pixels_as(scaling: Scaling, prepared: PreparedData) -> Pixels:
    """The pixels that `scaling` starts from: in [0, 1], or standardised by the training part."""
    statistics = prepared.statistics
    kind = "standard" if scaling.is_standard else "unit"
    return pixels_of(kind, statistics.mean, statistics.sd)


def logits_of(
    network: ForeignNetwork, scaling: Scaling, prepared: PreparedData, images: Images
) -> Float32[np.ndarray, "n k"]:
    """The logits for `images` of a network that was adapted to `scaling`."""
    plan = plan_network(network.layers, network.shape, network.outputs)
    trained = trained_network(plan, network.weights)
    return network_logits(trained, images.pixels, pixels_as(scaling, prepared))
