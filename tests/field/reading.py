"""What is read of a field case, and held against what is right."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from toile.data import Dataset, load_data
from toile.errors import ToileError


@dataclass(frozen=True)
class Right:
    """What is right: classes, images to learn from, held out and for testing, and so on.

    `greys` are black and white in the files, `ends` the darkest and the lightest grey as read;
    `note` is found in a note, `skipped` among what was left out.
    """

    classes: str
    counts: tuple[int, int, int]
    greys: str = "0 to 255 (8 bit)"
    ends: tuple[int, int] = (0, 255)
    note: str = ""
    skipped: str = ""
    shape: tuple[int, int, int] = (1, 28, 28)


def check(case: Callable[[Path], None], right: Right | str, root: Path, file: str = "") -> None:
    """Write a case and load it; `right` is a refusal's sentence where it is to be refused."""
    case(root)
    path = root / file if file else root
    if isinstance(right, str):
        with pytest.raises(ToileError, match=right):
            load_data(path)
        return
    _compare(load_data(path), right)
    # And again, as it was kept.
    _compare(load_data(path), right)


def _compare(dataset: Dataset, right: Right) -> None:
    held_out = dataset.train.num_held_out
    counts = len(dataset.train) - held_out, held_out, len(dataset.test)
    assert (",".join(dataset.class_names), counts) == (right.classes, right.counts)
    assert dataset.shape == right.shape
    assert dataset.greys is not None
    assert dataset.greys.words == right.greys
    # To within a rounding: the lightest picture may be in the other part.
    ends = np.array([dataset.train.pixels.min(), dataset.train.pixels.max()], int)
    assert np.abs(ends - right.ends).max() <= 1
    assert re.search(right.note, " ".join(dataset.notes)) if right.note else not dataset.notes
    skipped = " ".join(f"{one.file}: {one.reason}" for one in dataset.skipped)
    assert re.search(right.skipped, skipped) if right.skipped else not skipped
