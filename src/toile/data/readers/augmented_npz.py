"""An augmented set in an .npz: variants of another set's training pictures, its parent's.

Nothing of it is divided here. A test or validation part drawn out of variants would hold pictures
that are learnt in another variant; so both parts lie in the file, as they were in the parent, with
the hashes that their pictures have there. Of each variant the hash of its source is kept, by which
a run knows what it has seen.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import UInt64
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toile.data.hashes import array_hashes
from toile.data.images import Images
from toile.data.readers.npy_entry import ArrayEntry, ArrayFile, array_entry, text_of
from toile.data.readers.parts import Parts
from toile.errors import ToileError
from toile.migrations import version_of
from toile.recipe import Data

PARENT = "parent"
FORM = "augmented set of Toile"
SOURCES, HASHES = "train_sources", {"val": "val_hashes", "test": "test_hashes"}
SELECTION = "val_selection"
ARRAYS = (
    "x_train", "y_train", SOURCES, "x_val", "y_val", HASHES["val"], "x_test", "y_test",
    HASHES["test"], SELECTION,
)  # fmt: skip
MOST_LETTERS = 1 << 20
WHITE = 255.0
"""Its pixels are bytes, however dark they are."""
REMEDY = "make it again: toile data augment NAME --count N --out FILE"


class AugmentedSet(BaseModel):
    """How an augmented set was made, as its file says it.

    >>> augmented = toile.augment_data(data, "more.npz", 9000, settings={"augmentation.shift": 1})
    >>> augmented.num_variants, augmented.num_sources, augmented.num_validation
    (9000, 4800, 1200)
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    form: str
    version: int
    name: str
    """Of the data that it was made of, its parent."""
    release: str
    fingerprint: str
    """Of the parent, as it was read."""
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    """Channels, height and width of a picture."""
    settings: dict[str, dict[str, Any]]
    """Of the recipe: `data`, by which the parent was read and divided, and `augmentation`."""
    seed: int
    num_variants: int = Field(ge=1)
    num_sources: int = Field(ge=1)
    """Training pictures of the parent, of which the variants are."""
    num_validation: int = Field(ge=1)
    num_test: int = Field(ge=1)
    notes: tuple[str, ...] = ()
    checksums: dict[str, str] = Field(repr=False)
    """The sha256 of every array in the file."""
    digest: str = Field("", repr=False)
    """The sha256 of all the above."""

    @property
    def sentence(self) -> str:
        """What it is, for the notes of whoever reads it."""
        release = "" if self.release == "unknown" else f"release {self.release}, "
        return (
            f"an augmented set: {self.num_variants:,} variants of {self.num_sources:,} training "
            f"pictures of {self.name} ({release}fingerprint {self.fingerprint[:12]}), by "
            f"{self.augmentation_words}, seed {self.seed}; its "
            f"{self.num_validation:,} validation and {self.num_test:,} test pictures are those of "
            f"{self.name}, not varied"
        )

    @property
    def augmentation_words(self) -> str:
        """The augmentation, as settings that are not off."""
        augmentation = self.settings.get("augmentation", {})
        return ", ".join(f"{name} {value}" for name, value in augmentation.items() if value)


def read_record(
    arrays: Sequence[ArrayFile], to_read: Iterable[ArrayFile], data: Data, where: str
) -> AugmentedSet | None:
    """What the file says of itself where it is an augmented set; None where it is none.

    Raises ToileError where it was changed since it was made: its parts, the arrays `to_read`, would
    no longer be what they are taken for.
    """
    files = {array.name: array for array in arrays}
    text = text_of(files[PARENT], MOST_LETTERS) if PARENT in files else None
    if text is None or FORM not in text:
        if {SOURCES, *HASHES.values()} <= files.keys():
            raise ToileError(
                f"{where}: is an augmented set without {PARENT}, which says of what; {REMEDY}"
            )
        return None
    record = _parsed(text, where)
    if data.rule < 3:
        raise ToileError(
            f"{where}: is an augmented set, whose validation part is kept by version 3 of the "
            f"rules, and data.rule is {data.rule}; set data.rule=3"
        )
    if added := [array.name for array in to_read if array.name not in ARRAYS]:
        raise ToileError(
            f"{where}: is an augmented set of {record.name}, to which {added[0]} was added since "
            f"it was made, so that nobody knows which pictures were learnt; {REMEDY}"
        )
    for name in ARRAYS:
        if name not in files or digest_of(_entry(files[name])) != record.checksums.get(name):
            change = "is changed" if name in files else "is missing"
            raise ToileError(
                f"{where}: is an augmented set of {record.name} whose {name} {change} since it was "
                f"made, so that nobody knows which pictures were learnt; {REMEDY}"
            )
    return record


def with_parentage(
    parts: Parts, record: AugmentedSet, arrays: Sequence[ArrayFile], data: Data, where: str
) -> Parts:
    """`parts` with the hashes by which their pictures are known in the parent."""
    files = {array.name: array for array in arrays}
    sources = _hashes(files[SOURCES])
    hashes = {part: _hashes(files[name]).reshape(-1, 2) for part, name in HASHES.items()}
    train, test = parts.train, parts.test
    assert test is not None
    selection = np.concatenate([piece for _, piece in _entry(files[SELECTION]).pieces()])
    num_variants = len(train) - train.num_held_out
    counts = num_variants, train.num_held_out, len(test)
    if (record.num_variants, record.num_validation, record.num_test) != counts:
        raise ToileError(
            f"{where}: has {counts} pictures, which is not what {PARENT} says; {REMEDY}"
        )
    lengths = len(sources), len(hashes["val"]), len(hashes["test"])
    if lengths != counts:
        raise ToileError(f"{where}: has {lengths} hashes of its pictures, not one each; {REMEDY}")
    if train.shape != record.shape or test.shape != record.shape:
        raise ToileError(
            f"{where}: its pictures are {train.shape} (channels, height, width), and {PARENT} says "
            f"{record.shape}; {REMEDY}"
        )
    if selection.dtype != np.bool_ or len(selection) != train.num_held_out:
        raise ToileError(f"{where}: {SELECTION} does not divide the validation part; {REMEDY}")
    if max(train.labels.max(), test.labels.max()) >= len(record.class_names):
        raise ToileError(f"{where}: has labels without a class name; {REMEDY}")
    variants = array_hashes(train.pixels[:num_variants])
    return replace(
        parts,
        train=replace(
            train,
            read_hashes=np.concatenate([variants, hashes["val"]]),
            sources=np.append(sources, hashes["val"][:, 1]),
            selection=selection,
        ),
        test=Images(test.pixels, test.labels, hashes["test"]),
        class_names=record.class_names,
        notes=(*parts.notes, record.sentence, *record.notes, *_unasked(data)),
    )


def new_record(values: dict[str, Any]) -> AugmentedSet:
    """The record of a set that is made now."""
    record = AugmentedSet.model_validate({"form": FORM, "version": version_of(PARENT), **values})
    return record.model_copy(update={"digest": _record_digest(record.model_dump(mode="json"))})


def digest_of(entry: ArrayEntry) -> str:
    """The sha256 of an array's values, in hex, as they lie in the file."""
    digest = hashlib.sha256()
    for _, piece in entry.pieces():
        digest.update(piece.data)
    return digest.hexdigest()


def _record_digest(values: dict[str, Any]) -> str:
    """The sha256 of a record but for the field that holds it."""
    rest = {name: value for name, value in values.items() if name != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _unasked(data: Data) -> list[str]:
    """What `data` asks of pictures that lie here as they are learnt: a parent's recipe may."""
    asked = {
        "orientation": data.orientation == "transposed",
        "white": data.white not in (None, WHITE),
    }
    return [
        f"data.{name} is not asked: the pictures of an augmented set are as they are learnt"
        for name, is_asked in asked.items()
        if is_asked
    ]


def _parsed(text: str, where: str) -> AugmentedSet:
    try:
        values = json.loads(text)
        if isinstance(values, dict) and values.get("version", 0) > version_of(PARENT):
            raise ToileError(
                f"{where}: is an augmented set of version {values['version']}, of a newer Toile; "
                f"this one reads version {version_of(PARENT)}"
            )
        record = AugmentedSet.model_validate(values)
        if record.digest != _record_digest(values):
            raise ValueError("it is changed since it was made")
        return record
    except (ValueError, TypeError, RecursionError) as damage:
        reason = damage.errors()[0]["msg"] if isinstance(damage, ValidationError) else damage
        raise ToileError(f"{where}: {PARENT} is damaged ({reason!s:.200}); {REMEDY}") from None


def _entry(file: ArrayFile) -> ArrayEntry:
    return array_entry(file, "images")


def _hashes(file: ArrayFile) -> UInt64[np.ndarray, " _"]:
    entry = _entry(file)
    if entry.dtype != np.uint64:
        raise ToileError(f"{file.where}: holds {entry.dtype}; hashes are uint64; {REMEDY}")
    pieces = [piece for _, piece in entry.pieces()]
    return np.concatenate([np.empty(0, np.uint64), *pieces])
