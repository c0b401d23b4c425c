"""The most confused pairs of classes, with the most confident mistakes of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.figure import Figure

from toile.errors import ToileError
from toile.evaluation import Confusion, probabilities
from toile.report.grid import canvas
from toile.report.theme import INK, MUTED, new_figure, plain

NUM_PAIRS = 8
NUM_PICTURES = 6


@dataclass(frozen=True)
class Mistake:
    """A wrongly predicted image: its row in the logits, and the predicted class's probability."""

    index: int
    confidence: float


def surest_mistakes(
    logits: Float[np.ndarray, "n k"],
    labels: Int[np.ndarray, " n"],
    pair: Confusion,
    most: int = NUM_PICTURES,
) -> tuple[Mistake, ...]:
    """At most `most` images of `pair.true` predicted as `pair.predicted`, most confident first.

    Equally confident images keep their order, so that a page written twice is the same.
    """
    wrong = (labels == pair.true) & (logits.argmax(axis=1) == pair.predicted)
    indices = np.flatnonzero(wrong)
    confidence = probabilities(logits[indices])[:, pair.predicted]
    order = np.argsort(-confidence, kind="stable")[:most]
    return tuple(Mistake(int(indices[i]), float(confidence[i])) for i in order)


def mistakes_figure(
    pairs: Sequence[tuple[Confusion, Sequence[Mistake]]],
    class_names: Sequence[str],
    pixels: UInt8[np.ndarray, "n c h w"],
) -> Figure:
    """A row for each pair: the two classes, how often, and the most confident mistakes.

    `pixels` are the images in the order of the logits. Raises ToileError if nothing was wrong.
    """
    if not pairs:
        raise ToileError("every image was predicted right; there are no mistakes to show")
    left, pitch, row = 2.5, 1.06, 1.32
    figure = new_figure(left + NUM_PICTURES * pitch + 0.1, len(pairs) * row + 0.1)
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    for index, (pair, mistakes) in enumerate(pairs):
        top = 0.12 + index * row
        lines = (class_names[pair.true], f"taken for {class_names[pair.predicted]}")
        for line, text in enumerate(lines):
            axes.text(0.15, top + 0.24 + 0.24 * line, plain(text, 30), color=INK, size=9)
        note = f"{pair.count:,} images, {100 * pair.fraction:.1f} % of the class"
        axes.text(0.15, top + 0.72, note, color=MUTED, size=7.5)
        for column, mistake in enumerate(mistakes):
            x = left + column * pitch
            axes.imshow(
                canvas(pixels[mistake.index]),
                extent=(x, x + 0.96, top + 0.96, top),
                cmap="gray",
                vmin=0,
                vmax=255,
                aspect="auto",
            )
            sure = f"{100 * mistake.confidence:.1f} %"
            axes.text(x, top + 1.12, sure, color=MUTED, size=7.5)
    return figure
