"""CIFAR-10 and CIFAR-100 in their authors' binary format: rows of labels and pixels.

A row has the label (in CIFAR-100 the coarse label, then the fine one) and 32 x 32 bytes each of
red, green and blue. Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny
Images", and the data sets' page.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from toile.data.images import Images
from toile.data.pixel_file import new_pixels
from toile.data.readers.parts import (
    NO_COLUMN_NAMES,
    Parts,
    Progress,
    check_labels,
    check_layout,
)
from toile.errors import ToileError
from toile.recipe import Data

SHAPE = (3, 32, 32)
NUM_VALUES = 3 * 32 * 32
MAX_NAMES_BYTES = 1 << 16
# The same sets for Python, whose files are pickles.
PICKLED = re.compile(r"data_batch_\d+|test_batch")


@dataclass(frozen=True)
class CifarSet:
    """One of the two sets: the names of its files, and the labels before the pixels of a row."""

    name: str
    train: re.Pattern[str]
    test: str
    labels: tuple[str, ...]
    """The kind of each label, in the order of the row."""
    names: tuple[str, ...]
    """The file with the class names of each label."""

    @property
    def row(self) -> int:
        """Bytes of an image and its labels."""
        return len(self.labels) + NUM_VALUES


FORMS = (
    CifarSet(
        "CIFAR-10", re.compile(r"data_batch_(\d+)\.bin"), "test_batch.bin",
        ("class",), ("batches.meta.txt",),
    ),
    CifarSet(
        "CIFAR-100", re.compile(r"train\.bin"), "test.bin", ("coarse class", "fine class"),
        ("coarse_label_names.txt", "fine_label_names.txt"),
    ),
)  # fmt: skip


def find_cifar(path: Path) -> list[Path]:
    """The files of such a set in a folder, sorted by name; none if it holds none.

    Raises ToileError if it holds the Python version of the set, which is not read.
    """
    if not path.is_dir():
        return []
    form = _form(path)
    if form is not None:
        wanted = (form.test, *form.names)
        files = sorted(file for file in path.iterdir() if file.is_file())
        return [file for file in files if form.train.fullmatch(file.name) or file.name in wanted]
    if pickled := sorted(file for file in path.iterdir() if PICKLED.fullmatch(file.name)):
        raise ToileError(
            f"{pickled[0]}: is the Python version of CIFAR-10, a pickle, which can run any code "
            "when it is opened and is not read; fetch the binary version, "
            "cifar-10-binary.tar.gz, and name its folder"
        )
    return []


def read_cifar(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_cifar`; CIFAR-100 by its fine classes, or by `data.label_column`."""
    form = _form(path)
    assert form is not None
    train = [file for file in files if form.train.fullmatch(file.name)]
    if not train:
        raise ToileError(
            f"{path}: has the test images of {form.name} and no training images; its binary "
            "version has them in data_batch_1.bin and so on"
        )
    train.sort(key=lambda file: _number(form, file))
    column = _label_column(form, data.label_column, path)
    test = [file for file in files if file.name == form.test]
    names_file = path / form.names[column]
    parts = [
        _read_part(of_part, part, form, column, progress)
        for part, of_part in (("training", train), ("test", test))
        if of_part
    ]
    most = max(int(part.labels.max()) for part in parts)
    names = _read_names(names_file, most + 1) if names_file in files else None
    note = f"{form.name} in the binary form"
    if len(form.labels) > 1:
        note += (
            f", by its {form.labels[column]}es: data.label_column=first means the coarse classes, "
            "last the fine ones"
        )
    return Parts(
        parts[0],
        parts[1] if len(parts) > 1 else None,
        names,
        names_inside=tuple(file.name for file in files),
        notes=(note, *_missing_note(form, train)),
    )


def _label_column(form: CifarSet, setting: str, path: Path) -> int:
    """The index of the label to learn: the last, the fine one, unless `setting` says otherwise."""
    if setting in NO_COLUMN_NAMES:
        return 0 if setting == "first" else len(form.labels) - 1
    # `coarse`, or as in Hugging Face's files `coarse_label`.
    wanted = setting.casefold().removesuffix("_label")
    names = [label.split()[0] for label in form.labels]
    if len(names) > 1 and wanted in names:
        return names.index(wanted)
    raise ToileError(
        f"{path}: data.label_column is {setting}; for {form.name} "
        + (f"it is {' or '.join(names)}" if len(names) > 1 else "leave it out: there is one label")
    )


def _form(path: Path) -> CifarSet | None:
    """Which of the two sets a folder holds; a file called train.bin is recognised by its size."""
    ten, hundred = FORMS
    if any(ten.train.fullmatch(file.name) or file.name == ten.test for file in path.iterdir()):
        return ten
    file = path / "train.bin"
    is_hundred = (path / hundred.names[1]).is_file() or (
        file.is_file() and not file.stat().st_size % hundred.row and file.stat().st_size
    )
    return hundred if is_hundred and file.is_file() else None


def _read_part(
    files: list[Path], part: str, form: CifarSet, column: int, progress: Progress
) -> Images:
    sizes = [_num_images(file, form) for file in files]
    check_layout(sum(sizes), SHAPE, str(files[0].parent))
    pixels = new_pixels((sum(sizes), *SHAPE))
    labels = np.empty(sum(sizes), np.int64)
    done = 0
    for file, size in zip(files, sizes, strict=True):
        rows = _rows(file, size, form)
        pixels[done : done + size] = rows[:, len(form.labels) :].reshape(-1, *SHAPE)
        labels[done : done + size] = rows[:, column]
        check_labels(labels[done : done + size], size, str(file))
        done += size
        progress(done, sum(sizes), f"images of {part}")
    return Images(pixels, labels)


def _num_images(file: Path, form: CifarSet) -> int:
    num_bytes = file.stat().st_size
    size, rest = divmod(num_bytes, form.row)
    if rest or not size:
        raise ToileError(
            f"{file}: has {num_bytes} bytes; it needs some images of {form.row} bytes each, as "
            f"{form.name} has them; fetch the file again"
        )
    return size


def _rows(file: Path, size: int, form: CifarSet) -> UInt8[np.ndarray, "n row"]:
    values = np.fromfile(file, np.uint8, size * form.row)
    if len(values) < size * form.row:
        raise ToileError(f"{file}: became shorter while it was read; read it again")
    return values.reshape(size, form.row)


def _read_names(file: Path, num_classes: int) -> tuple[str, ...] | None:
    """The class names, one in each line; None if they cannot be those of these classes."""
    if file.stat().st_size > MAX_NAMES_BYTES:
        return None
    try:
        lines = file.read_bytes().decode().split("\n")
    except UnicodeDecodeError:
        return None
    names = tuple(line.strip() for line in lines if line.strip())
    is_plain = all(name.isprintable() for name in names) and len(set(names)) == len(names)
    return names if is_plain and len(names) >= num_classes else None


def _number(form: CifarSet, file: Path) -> int:
    """The number of a batch; 0 for the single file of CIFAR-100."""
    match = form.train.fullmatch(file.name)
    return int(match[1]) if match and match.groups() else 0


def _missing_note(form: CifarSet, train: list[Path]) -> list[str]:
    """A note if batches are missing between those that are there."""
    batches = {_number(form, file) for file in train}
    missing = sorted(set(range(1, max(batches) + 1)) - batches)
    words = ", ".join(f"data_batch_{number}.bin" for number in missing)
    return [f"{words} is not there: its images are missing"] * bool(missing)
