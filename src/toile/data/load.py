"""From a name or a path to a dataset."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from toile.data.arrays import bytes_of_arrays
from toile.data.catalogue import KNOWN, Known, release_of
from toile.data.classes import classes_of
from toile.data.conform import conform
from toile.data.corrected import correct
from toile.data.dataset import Dataset, DataSource, reading_of
from toile.data.decoded import (
    Decoded,
    discard_decoding,
    open_decoded,
    read_decoded,
    refuse_entry,
    remove_entry,
    write_decoded,
)
from toile.data.divide import divide
from toile.data.facts import DataFacts
from toile.data.fingerprint import hash_parts
from toile.data.images import Images
from toile.data.locations import arrays_folder, cache_folder, is_arrays
from toile.data.mapped_pixels import MappedPixels, as_mapped
from toile.data.orientation import is_transposed, swap_rows_and_columns, transposed_note
from toile.data.readers import find_source
from toile.data.readers.parts import DecodedElsewhere, Parts, Progress, UnfinishedDecoding
from toile.data.scale import refuse_blank, scaled
from toile.data.sealed import Sealed
from toile.data.siblings import above, sibling_parts
from toile.data.source_key import READING_SETTINGS, decoded_key
from toile.data.sources import find_known, obtain_known
from toile.errors import ToileError, did_you_mean
from toile.recipe import Data, data_of

UNREAD = "not read: "
"""How a note begins on what lies beside a part of a set."""


def no_progress(done: int, total: int | None, unit: str) -> None:
    """Report nothing: the progress of a caller who wants none."""


def load_data(
    data: Data | DataSource,
    *,
    progress: Progress | None = None,
    fetch: bool = True,
    **settings: Any,
) -> Dataset:
    """The images `data` names, decoded once and memory-mapped from the user's cache after that.

    `data` is a recipe's settings, a known name, a path, or a dataset, which is read again with
    other `settings`; those are more of the same names. ToileError names the file, the place in it,
    the value and the rule. Without `fetch` a known dataset that is not on this machine is refused
    too, with how to get it.

        >>> data = toile.load_data("fashion-sample", size_px=14)
        >>> data.shape, len(data.train)
        ((1, 14, 14), 6000)
    """
    progress = progress or no_progress
    values = data.model_dump() if isinstance(data, Data) else reading_of(data)
    data = data_of(values | settings)
    known = KNOWN.get(data.name)
    if known and not fetch and find_known(known) is None:
        raise ToileError(
            f"{known.name} is not on this machine, and nothing is fetched for this; get it with "
            f"toile data get {known.name}, or on the app's page Data"
        )
    path = obtain_known(known, progress) if known else _local_path(data.name)
    siblings = [] if known else sibling_parts(path)
    names, parent = ", ".join(siblings[:3]), above(path)
    try:
        decoded = _decode(path, data, progress)
    except ToileError as error:
        if not siblings:
            raise
        raise ToileError(
            f"{error}. Beside it: {names}; name {parent} to read all as one set"
        ) from error
    # The names of the files prove nothing: MNIST and Fashion-MNIST share them.
    recognised = release_of(decoded.identity.fingerprint)
    if known and (data.size_px or data.colour) and recognised is not known:
        recognised = replace(known, release=_changed_release(known))
    elif known and recognised is not known:
        raise ToileError(
            f"{path}: is not {known.name}: the fingerprint is {decoded.identity.fingerprint[:16]}, "
            f"which should be {known.fingerprint[:16]}; to use it as it is, name it by its path"
        )
    if recognised and is_arrays(data.name):
        # Who gives arrays names their classes.
        recognised = replace(recognised, class_names=decoded.class_names)
    dataset = _dataset(data, path, decoded, recognised)
    if data.corrections is not None:
        dataset = correct(dataset, decoded.test, data.corrections)
    if not siblings or not path.is_dir():
        return dataset
    note = f"{UNREAD}{names} beside {path.name}; name {parent} to read all as one set"
    return replace(dataset, notes=(*dataset.notes, note))


def arrays_data(
    x: Any,
    y: Any,
    *,
    class_names: Sequence[str] | None = None,
    white: float | None = None,
    **settings: Any,
) -> Dataset:
    """A dataset of arrays for this process alone: no copy of them is kept.

    The arguments are those of `Dataset.from_arrays`, by which others find the arrays again.
    """
    arrays = bytes_of_arrays(x, y, class_names=class_names, white=white)
    data = data_of({"name": arrays.name, "white": white, **settings})
    decoded = _divide_and_hash(arrays.parts, Path("X"), [], data)
    return _dataset(data, arrays_folder(arrays.name), decoded, None)


def load_here(data: Data) -> Dataset | None:
    """The images `data` names, or None if they are not here or cannot be read; fetches nothing.

    By the labels it has: no correction file is opened.
    """
    known = KNOWN.get(data.name)
    if known and find_known(known) is None:
        return None
    try:
        return load_data(data, corrections=None)
    except ToileError:
        return None


def is_here(name: str) -> bool:
    """Whether what is called so can be read here; a known dataset can be had."""
    if is_arrays(name):
        return arrays_folder(name).is_dir()
    return name in KNOWN or ("\0" not in name and os.path.exists(os.path.expanduser(name)))


def is_known_data(data: Data, facts: DataFacts) -> bool:
    """Whether `facts` are of the known dataset that `data` names, and not of files called so.

    Images made smaller or grey have a fingerprint that only reading them tells. Of these the
    release is believed: what it opens is the known dataset of this machine.
    """
    known = KNOWN.get(data.name)
    if known is None:
        return False
    if data.size_px or data.colour:
        return facts.release in (known.release, _changed_release(known))
    return facts.original_fingerprint == known.fingerprint


def _changed_release(known: Known) -> str:
    return f"{known.release}, resized or recoloured"


def _local_path(name: str) -> Path:
    if is_arrays(name):
        folder = arrays_folder(name)
        if not folder.is_dir():
            raise ToileError(
                f"data.name is {name}, made of arrays in Python, of which no copy is in the cache "
                f"{cache_folder()}; make it again by toile.Dataset.from_arrays of the same arrays, "
                "or set TOILE_CACHE to where it is"
            )
        return folder
    # By os.path, for Path.expanduser raises for ~nobody, and Path.exists for a name too long.
    # A name with a NUL is refused below; asked for the home of such a user, Python raises.
    path = name if "\0" in name else os.path.expanduser(name)
    if not os.path.exists(path):
        raise ToileError(
            f"data.name is {name}, which is no file or folder here, and no known dataset "
            f"({', '.join(KNOWN)}){did_you_mean(name, KNOWN)}"
        )
    return Path(path)


def _decode(path: Path, data: Data, progress: Progress) -> Decoded:
    try:
        read, files = find_source(path)
        key = decoded_key(path, files, data)
        decoded = read_decoded(key)
        if decoded is None:
            try:
                parts = _read_or_find(partial(read, path, files, data, progress), key)
                if isinstance(parts, Decoded):
                    return parts
                decoded = _divide_and_hash(parts, path, files, data)
            except UnfinishedDecoding:
                raise
            except ToileError:
                discard_decoding(key)
                raise
            if write_decoded(key, decoded) and isinstance(decoded.train.pixels, MappedPixels):
                # So that pixels in a file without a name are on the disk once.
                decoded = open_decoded(key)
    except OSError as failure:
        raise ToileError(
            f"{failure.filename or path}: could not be read ({failure.strerror or failure})"
        ) from failure
    return decoded


def _read_or_find(read: Callable[[], Parts], key: str) -> Parts | Decoded:
    """What `read` returns, or the entry that another process wrote meanwhile."""
    try:
        return read()
    except DecodedElsewhere:
        if (decoded := read_decoded(key)) is not None:
            return decoded
    # A damaged entry, without which the second reading decodes.
    remove_entry(key)
    try:
        return read()
    except DecodedElsewhere:
        return read_decoded(key) or refuse_entry(key)


def _divide_and_hash(parts: Parts, path: Path, files: list[Path], data: Data) -> Decoded:
    where = str(path)
    parts = scaled(parts, data, where)
    names = parts.names_inside or [file.name for file in files]
    # The pictures of an augmented set are upright, whatever its file is called or `data` asks.
    transposed = parts.train.sources is None and is_transposed(names, data)
    fitted = [
        None if part is None else _fitted(part, data, where, transposed)
        for part in _mapped([parts.train, parts.test])
    ]
    train, test = _mapped(fitted)
    assert train is not None
    if data.rule < 3:
        train, _ = train.split_held_out()
    _check_shapes(train, test, where)
    if parts.greys is not None:
        refuse_blank(train, test, parts.greys, where)
    _refuse_one_class(train, where)
    classes = classes_of(train, test, parts.class_names, data.rule, where)
    train = classes.renumber(train)
    notes = [transposed_note(data)] if transposed else []
    if test is None:
        train, test = divide(train, data.test, data.rule, where)
        notes += ["no test part: data.test is 0, so no image is sealed"] * (not data.test)
    else:
        test = classes.renumber(test)
    identity, train, test = hash_parts(train, test)
    return Decoded(
        train,
        test,
        class_names=classes.names,
        identity=identity,
        release=parts.release,
        skipped=parts.skipped,
        nulls=parts.nulls,
        nans=parts.nans,
        notes=(*parts.notes, *notes),
        was_transposed=transposed,
        greys=parts.greys,
    )


def _mapped(parts: Sequence[Images | None]) -> list[Images | None]:
    """The parts of a set, never to be copied as a whole where all of them together are large."""
    num_bytes = sum(part.pixels.nbytes for part in parts if part is not None)
    return [
        None if part is None else replace(part, pixels=as_mapped(part.pixels, num_bytes))
        for part in parts
    ]


def _fitted(images: Images, data: Data, where: str, transposed: bool) -> Images:
    """One part upright, in the size and colour asked for."""
    return conform(swap_rows_and_columns(images) if transposed else images, data, where)


def _check_shapes(train: Images, test: Images | None, where: str) -> None:
    if test is not None and train.shape != test.shape:
        raise ToileError(
            f"{where}: training images are {train.shape}, test images {test.shape} (channels, "
            "height, width); both parts have one shape; set data.size_px or data.colour"
        )


def _refuse_one_class(train: Images, where: str) -> None:
    if train.labels.min() == train.labels.max():
        raise ToileError(
            f"{where}: all {len(train)} training images are of one class; a classifier needs two "
            "or more"
        )


def _dataset(data: Data, path: Path, decoded: Decoded, recognised: Known | None) -> Dataset:
    # What the path means now, from whatever folder it is read again.
    resolved_name = data.name if data.name in KNOWN or is_arrays(data.name) else str(path.resolve())
    return Dataset(
        name=data.name,
        path=path.resolve(),
        train=decoded.train,
        test=Sealed(decoded.test),
        class_names=recognised.class_names if recognised else decoded.class_names,
        identity=decoded.identity,
        release=(recognised.release if recognised else decoded.release) or "unknown",
        skipped=decoded.skipped,
        nulls=decoded.nulls,
        nans=decoded.nans,
        notes=decoded.notes,
        was_transposed=decoded.was_transposed,
        greys=decoded.greys,
        reading={"name": resolved_name, **data.model_dump(include=READING_SETTINGS)},
    )
