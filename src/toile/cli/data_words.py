"""The text of `toile data show`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from toile.cli.terminal import plain
from toile.cli.words import amount, numbered, table

if TYPE_CHECKING:
    from toile.data import Description, PartDescription

MOST_CORRELATED = 12
MOST_LISTED = 8
"""Most lines of equal images that are printed; `--json` has all."""


def description_words(description: "Description") -> str:
    """The description of a dataset as lines for a terminal."""
    channels, height, width = description.shape
    lines = [
        f"{plain(description.name)}  {plain(description.path)}",
        (
            f"{height} x {width} px, {channels} channel{'s' if channels > 1 else ''}, "
            f"{len(description.class_names)} classes; release: {description.release}"
        ),
        f"fingerprint {description.fingerprint}",
        *([f"greys in the files: {description.greys.words}"] if description.greys else []),
        *(f"note: {plain(note)}" for note in description.notes),
        "",
        _classes(description),
        "",
        *_commonest(description),
        *_same(description),
        _empties(description),
        *_correlations(description),
    ]
    if description.skipped:
        lines.append(f"left out or read in part: {len(description.skipped)}")
        lines += [
            f"  {plain(skipped.file)}: {plain(skipped.reason)}"
            for skipped in description.skipped[:20]
        ]
    return "\n".join(lines)


def _classes(description: "Description") -> str:
    """A row for each class and one for all: number of images, mean grey, histogram."""
    parts = list(description.parts.values())
    ends = description.train, description.test
    rows = [
        (
            name,
            *(amount(part.class_counts[label]) for part in parts),
            *(f"{part.class_mean_grey[label]:.2f}" for part in ends),
            _bars(description.train.class_histograms[label]),
        )
        for label, name in enumerate(numbered(description.class_names))
    ]
    rows.append(
        (
            "all",
            *(amount(part.num_images) for part in parts),
            *(f"{part.mean_grey:.2f}" for part in ends),
            _bars(description.train.class_histograms.sum(0)),
        )
    )
    return table(("class", *description.parts, "mean grey train", "test", "greys 0 to 255"), rows)


def _commonest(description: "Description") -> list[str]:
    from toile.evaluation import commonest

    largest = commonest(description.train.class_counts)
    if largest is None:
        return []
    return [plain(largest.words(description.class_names, "the training images", "is"))]


def _same(description: "Description") -> Iterator[str]:
    """Equal images, by file or index: within a part, across parts, in two classes."""
    from toile.data import repeated_pictures

    repeated = repeated_pictures(description)
    counts = ", ".join(f"{_groups(part)} in {name}" for name, part in description.parts.items())
    leaks = repeated.num_leaks
    yield f"exact duplicates: {counts}; images of train that are in test too: {leaks}"
    yield from _listed(repeated.within)
    if len(description.overlaps) > leaks:
        yield f"images in validation and another part: {len(description.overlaps) - leaks}"
    yield from _listed(repeated.across)
    if description.conflicts:
        yield (
            f"pictures under two classes: {len(description.conflicts)}; no prediction can be right "
            "in both: keep each picture in one class"
        )
    yield from _listed(repeated.under_two)


def _listed(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:MOST_LISTED]:
        yield f"  {plain(line)}"
    if len(lines) > MOST_LISTED:
        yield f"  and {len(lines) - MOST_LISTED} more, all of which --json lists"


def _groups(part: "PartDescription") -> str:
    extra = sum(len(group) - 1 for group in part.duplicates)
    groups = amount(len(part.duplicates)) + (" group" if len(part.duplicates) == 1 else " groups")
    return f"{groups} ({amount(extra)} too many)" if extra else "none"


def _empties(description: "Description") -> str:
    if description.nulls is None and description.nans is None:
        return "empty cells and NaNs: this format holds none"
    return f"empty cells: {description.nulls or 0}; NaNs: {description.nans or 0}"


def _bars(counts: Any) -> str:
    """A grey histogram in 16 blocks; heights are square roots, since black would hide the rest."""
    import numpy as np

    heights = np.sqrt(counts.reshape(16, -1).sum(1))
    # Rounded up, so that a single pixel is a block and blank means none.
    levels = np.ceil(heights / max(heights.max(), 1) * 8).astype(int)
    return "".join(" ▁▂▃▄▅▆▇█"[level] for level in levels)


def _correlations(description: "Description") -> list[str]:
    """Correlations of the class-mean images in train and in test, and their difference."""
    if len(description.class_names) > MOST_CORRELATED:
        return ["correlations of class means: too many classes to print; see --json or --figures"]
    matrices = {
        "train": description.train.class_correlation,
        "test": description.test.class_correlation,
        "test minus train": description.correlation_difference,
    }
    lines = []
    for part, matrix in matrices.items():
        heads = ("", *map(str, range(len(matrix))))
        rows = [
            (name, *map(_correlation, matrix[label]))
            for label, name in enumerate(numbered(description.class_names))
        ]
        lines += ["", f"correlation of class means, {part}", table(heads, rows)]
    return lines


def _correlation(value: float) -> str:
    """`.87`: without the 0 before the point ten classes fit in 80 columns; -.00 becomes .00."""
    text = f"{value:.2f}".replace("0.", ".", 1)
    return ".00" if text == "-.00" else text
