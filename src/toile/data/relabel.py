"""Corrections made: of labels that somebody names, and of those that `toile inspect` suspects."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from toile.data.corrections import (
    MAX_CORRECTION_BYTES,
    SUSPECTED,
    Correction,
    checked_label,
    picture_hex,
)
from toile.data.dataset import Dataset
from toile.errors import ToileError

OF_SUSPECTS = ("index", "true", "suspected", "margin")


def name_corrections(dataset: Dataset, labels: Mapping[int, str], why: str) -> list[Correction]:
    """Corrections of the training images at these indices to these classes.

    Raises ToileError where there is no such image or class, or the label is that already.
    """
    rows = []
    for index, name in labels.items():
        old = _label(dataset, index)
        if old == name:
            raise ToileError(f"the image at index {index} is labelled {name} already")
        rows.append(Correction(index, old, name, why))
    return check_corrections(dataset, rows, "--label")


def suspected_corrections(
    dataset: Dataset, path: Path, least: float = 0.0, most: int | None = None
) -> list[Correction]:
    """The suspects in the CSV of `toile inspect mistakes STUDY`, as corrections.

    The surest first, as they stand there: those whose margin is at least `least`, at most `most`.
    """
    rows = []
    for number, line in enumerate(_suspects(path), start=2):
        try:
            index, margin = int(line["index"]), float(line["margin"])
        except (TypeError, ValueError):
            raise ToileError(
                f"{path}, line {number}: its index or margin is no number; write the table again: "
                "toile inspect mistakes STUDY --csv FILE"
            ) from None
        if margin >= least:
            why = f"{SUSPECTED}, more probable by {100 * margin:.1f} points"
            rows.append(Correction(index, _plain(line["true"]), _plain(line["suspected"]), why))
    return check_corrections(dataset, rows[:most], str(path))


def check_corrections(dataset: Dataset, rows: Iterable[Correction], where: str) -> list[Correction]:
    """`rows` with the hash of each picture. Raises ToileError where one is not of `dataset`."""
    train, done = dataset.train, []
    for row in rows:
        checked_label(train, row, dataset.class_names, where)
        done.append(replace(row, picture=picture_hex(train, row.index)))
    return done


def extended(rows: Sequence[Correction], more: Sequence[Correction]) -> list[Correction]:
    """`rows` and after them `more`. Raises ToileError where two correct an image otherwise."""
    by_index = {row.index: row for row in rows}
    for row in more:
        known = by_index.setdefault(row.index, row)
        if known.new != row.new:
            raise ToileError(
                f"the image at index {row.index} is corrected to {known.new} already, and now to "
                f"{row.new}; take one of the two out"
            )
    return list(by_index.values())


def _label(dataset: Dataset, index: int) -> str:
    num = len(dataset.train)
    if not 0 <= index < num:
        raise ToileError(
            f"index {index} is no image of the training part, which has them from 0 to {num - 1}; "
            "labels of sealed test images are not corrected"
        )
    return dataset.class_names[int(dataset.train.labels[index])]


def _suspects(path: Path) -> list[dict[str, str]]:
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_CORRECTION_BYTES else b""
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True)
        lines, heads = list(reader), reader.fieldnames or ()
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ToileError(f"{path}: is no CSV table of letters in UTF-8 ({error})") from None
    missing = [name for name in OF_SUSPECTS if name not in heads]
    if missing:
        advice = "what one network answers wrongly is no evidence of a wrong label; "
        raise ToileError(
            f"{path}: has no column {missing[0]}; {advice if 'answered' in heads else ''}suspects "
            "come of a study with folds: toile inspect mistakes STUDY --csv FILE"
        )
    return lines


def _plain(word: str) -> str:
    """A cell as it was before it was kept from being run by a spreadsheet."""
    return word[1:] if word[:1] == "'" and word[1:2] in ("=", "+", "-", "@") else word
