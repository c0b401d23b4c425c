"""NumPy arrays in an .npz or in .npy files: images and labels, by their names."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from toile.data.dataset import Skipped
from toile.data.greys import Extremes, Greys, find_greys
from toile.data.images import Images
from toile.data.pixel_file import new_pixels
from toile.data.readers import augmented_npz
from toile.data.readers.array_labels import check_label_shape, read_labels
from toile.data.readers.array_names import role_of
from toile.data.readers.array_pixels import Layout, layout_of, read_pixels, scan_pixels
from toile.data.readers.label_values import class_indices
from toile.data.readers.npy_entry import ArrayEntry, ArrayFile, array_entry, array_of, arrays_of
from toile.data.readers.parts import Parts, Progress, check_labels, refuse_column_name
from toile.data.readers.zip_file import open_zip
from toile.errors import ToileError
from toile.recipe import Data

SUFFIXES = (".npz", ".npy")
REQUIREMENT = (
    "images and labels by names such as x_train and y_train, train_images, or images, labels"
)
Roles = dict[tuple[str, str], ArrayFile]


def find_npz(path: Path) -> list[Path]:
    """The .npz itself; in a folder the only .npz, or all files that form one set by their names.

    Empty if there is none. An .npy belongs to a set with others in its folder.
    """
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            return []
        return [path] if path.suffix.lower() == ".npz" else _set_of(path.parent, path)
    return _set_of(path, None)


def _set_of(folder: Path, named: Path | None) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    if named is not None:
        set_words = role_of(named.stem).set_words
        files = [file for file in files if role_of(file.stem).set_words == set_words]
    roles = [role_of(file.stem) for file in files]
    is_set = all(role.kind for role in roles) and len({role.set_words for role in roles}) <= 1
    if (len(files) == 1 and files[0].suffix.lower() == ".npz") or (len(files) > 1 and is_set):
        return files
    if files:
        names = ", ".join(file.name for file in files[:2])
        raise ToileError(
            f"{folder}: holds {len(files)} .npz or .npy files ({names}, ...) whose names are not "
            "those of images and labels of one set, such as X_train.npy and y_train.npy; name the "
            "one to read"
        )
    return []


def read_npz(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_npz`. Only labels that are text name the classes."""
    refuse_column_name(data, str(path))
    with ExitStack() as stack:
        arrays: list[ArrayFile] = []
        for file in files:
            if file.suffix.lower() == ".npy":
                arrays.append(array_of(file))
                continue
            held = arrays_of(stack.enter_context(open_zip(file)), file)
            arrays += held if len(files) == 1 else _alone(held, file)
        where = str(files[0] if len(files) == 1 else path)
        return _read(_roles(arrays, where), arrays, data, where)


def _alone(held: list[ArrayFile], file: Path) -> list[ArrayFile]:
    """The single array of an .npz, under the name of the file."""
    if len(held) != 1:
        raise ToileError(
            f"{file}: holds {len(held)} arrays, and others of one set are next to it; name the "
            "one to read"
        )
    return [replace(held[0], name=file.stem, where=str(file))]


def _roles(arrays: list[ArrayFile], where: str) -> Roles:
    """The array of each part and kind; a name without a part belongs to the training part."""
    sets: dict[tuple[str, ...], Roles] = {}
    named = [(role_of(array.name), array) for array in arrays]
    # The most usual name of a kind first; names without a part last.
    for role, array in sorted(named, key=lambda item: (not item[0].part, item[0].rank)):
        if role.kind:
            roles = sets.setdefault(role.set_words, {})
            roles.setdefault((role.part or "train", role.kind), array)
    complete = [roles for roles in sets.values() if ("train", "images") in roles]
    if not complete:
        names = ", ".join(sorted(array.name for array in arrays)[:8]) or "nothing"
        raise ToileError(f"{where}: holds {names}; it needs {REQUIREMENT}")
    roles = complete[0] if len(complete) == 1 else sets.get((), {})
    if not roles:
        names = " and ".join(candidate["train", "images"].name for candidate in complete[:2])
        raise ToileError(f"{where}: holds more than one set, {names}; save each by itself")
    for part, kind in roles:
        counterpart = {"images": "labels", "labels": "images"}[kind]
        if (part, counterpart) not in roles:
            raise ToileError(
                f"{where}: {roles[part, kind].name} has no {counterpart} beside it; images and "
                f"labels come in pairs: save {REQUIREMENT}"
            )
    return roles


def _read(roles: Roles, arrays: list[ArrayFile], data: Data, where: str) -> Parts:
    entries = {key: array_entry(array, key[1]) for key, array in roles.items()}
    images = {part: entry for (part, kind), entry in entries.items() if kind == "images"}
    layouts = {part: layout_of(entry) for part, entry in images.items()}
    # Shapes are compared before any values are read.
    for part, layout in layouts.items():
        check_label_shape(entries[part, "labels"], layout[0])
    record = augmented_npz.read_record(arrays, roles.values(), data, where)
    asked = data
    if record is not None:
        data = data.model_copy(update={"white": augmented_npz.WHITE})
    values = [read_labels(entries[part, "labels"]) for part in images]
    labels, class_names = class_indices(values, where)
    for part, part_labels in zip(images, labels, strict=True):
        check_labels(part_labels, layouts[part][0], entries[part, "labels"].where)
    greys = {part: _greys(entry, images.values(), data) for part, entry in images.items()}
    gathered = _Gathered(images, layouts, dict(zip(images, labels, strict=True)), greys)
    used = [array.name for array in roles.values()]
    if record is not None:
        used += [augmented_npz.PARENT, *augmented_npz.ARRAYS]
    parts = Parts(
        gathered.read("train", "validation"),
        gathered.read("test") if "test" in images else None,
        class_names,
        skipped=tuple(_unread(roles, arrays, used)),
        nans=0,
        greys=greys["train"] if data.rule >= 3 else None,
    )
    if record is None:
        return parts
    return augmented_npz.with_parentage(parts, record, arrays, asked, where)


def _unread(roles: Roles, arrays: list[ArrayFile], used: list[str]) -> Iterator[Skipped]:
    for array in arrays:
        role = role_of(array.name)
        duplicate = roles.get((role.part or "train", role.kind))
        if array.name not in used:
            reason = (
                f"is not read, {duplicate.name} is" if duplicate else "is neither images nor labels"
            )
            yield Skipped(array.name, reason)


@dataclass(frozen=True, eq=False)
class _Gathered:
    """The parts of a set by name."""

    images: dict[str, ArrayEntry]
    layouts: dict[str, Layout]
    labels: dict[str, Int64[np.ndarray, " _"]]
    greys: dict[str, Greys]

    def read(self, *parts: str) -> Images:
        """The images of `parts`, joined; those of the second part are held out."""
        present = [part for part in parts if part in self.images]
        shape, *other_shapes = (self.layouts[part][1:] for part in present)
        if other_shapes not in ([], [shape]):
            raise ToileError(
                f"{self.images[present[1]].where}: images are {other_shapes[0]}, those of "
                f"{self.images[present[0]].file.name} {shape} (channels, height, width); all parts "
                "have one shape"
            )
        counts = [self.layouts[part][0] for part in present]
        pixels, done = new_pixels((sum(counts), *shape)), 0
        for part, count in zip(present, counts, strict=True):
            read_pixels(self.images[part], self.greys[part], pixels[done : done + count])
            done += count
        labels = np.concatenate([self.labels[part] for part in present])
        return Images(pixels, labels, num_held_out=sum(counts[1:]))


def _greys(entry: ArrayEntry, images: Iterable[ArrayEntry], data: Data) -> Greys:
    """Black and white of `entry`, from all parts of the same kind of numbers."""
    extremes = Extremes()
    for array in images:
        if (array.dtype.kind == "f") == (entry.dtype.kind == "f"):
            scan_pixels(array, extremes)
    if data.rule >= 3:
        return find_greys(extremes, data.white, entry.where)
    if extremes.lowest < 0 or extremes.highest > 255:
        raise ToileError(f"{entry.where}: pixels go {extremes.words}; they go from 0 to 255")
    is_unit = entry.dtype.kind == "b" or (entry.dtype.kind == "f" and extremes.highest <= 1)
    return Greys(lowest=extremes.lowest, highest=extremes.highest, white=1 if is_unit else 255)
