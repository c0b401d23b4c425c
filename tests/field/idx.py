"""IDX files as people bring them; each case writes one into a folder."""

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.field.drawing import DIGITS, UPPER, glyphs

PLAIN = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DOTTED = tuple(name.replace("-idx", ".idx") for name in PLAIN)
PACKED = tuple(f"{name}.gz" for name in PLAIN)


def write_idx(file: Path, array: np.ndarray, packed: bool = False) -> None:
    """One array as an IDX file of bytes, or of 32-bit numbers; gzipped where `packed`."""
    code = {1: 0x08, 4: 0x0C}[array.dtype.itemsize]
    content = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    content += array.astype(array.dtype.newbyteorder(">")).tobytes()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(content) if packed else content)


def four_idx(
    root: Path,
    names: tuple[str, ...] = PLAIN,
    letters: str = DIGITS,
    each: int = 20,
    packed: bool = False,
    first_label: int = 0,
    transposed: bool = False,
) -> None:
    """Training and test images and labels, a quarter as many for testing."""
    arrays = []
    for seed, count in ((1, each), (2, max(3, each // 4))):
        images, labels = glyphs(letters, count, seed)
        arrays += [images.swapaxes(1, 2) if transposed else images]
        arrays += [(labels + first_label).astype(np.uint8)]
    for name, array in zip(names, arrays, strict=True):
        write_idx(root / name, array, packed)


def emnist_names(prefix: str) -> tuple[str, ...]:
    """As NIST calls its four files."""
    return tuple(f"{prefix}{name.replace('t10k', 'test')}" for name in PACKED)


def idx_dots(root: Path) -> None:
    """The names that some tools give what they unpack."""
    four_idx(root, DOTTED)


def idx_kaggle(root: Path) -> None:
    """Kaggle's MNIST: files with a dot, and folders of the same files with a hyphen."""
    four_idx(root, DOTTED)
    for dotted, plain in zip(DOTTED, PLAIN, strict=True):
        (root / plain).mkdir()
        shutil.copy(root / dotted, root / plain / plain)


def idx_gz_is_raw(root: Path) -> None:
    """Named .gz, but unpacked by the browser."""
    four_idx(root, PACKED)


def idx_raw_is_gz(root: Path) -> None:
    """Packed, the ending lost."""
    four_idx(root, PLAIN, packed=True)


def idx_html(root: Path) -> None:
    """A server's error page in the place of a file."""
    four_idx(root, PACKED, packed=True)
    page = b"<!DOCTYPE html><html><body>404</body></html>"
    (root / "train-images-idx3-ubyte.gz").write_bytes(page)


def idx_cut(root: Path) -> None:
    """A download that broke off."""
    four_idx(root, PACKED, packed=True)
    file = root / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:5000])


def emnist_letters(root: Path) -> None:
    """As NIST has it: a prefix, test for t10k, labels 1 to 26, transposed, a mapping beside."""
    prefix = "emnist-letters-"
    four_idx(root, emnist_names(prefix), UPPER, 12, True, first_label=1, transposed=True)
    rows = [f"{number} {64 + number} {96 + number}\n" for number in range(1, 27)]
    (root / f"{prefix}mapping.txt").write_text("".join(rows))


def emnist_all(root: Path) -> None:
    """NIST's archive unpacked: several sets in one folder."""
    for prefix, letters in (("emnist-digits-", DIGITS), ("emnist-letters-", UPPER)):
        four_idx(root, emnist_names(prefix), letters, 5, True, transposed=True)


def qmnist(root: Path) -> None:
    """Eight numbers for each image instead of a label."""
    images, labels = glyphs(DIGITS, 10, 1)
    rows = np.zeros((len(labels), 8), np.int32)
    rows[:, 0], rows[:, 1], rows[:, 2] = labels, 1, np.arange(len(labels)) % 50
    write_idx(root / "qmnist-train-images-idx3-ubyte.gz", images, True)
    write_idx(root / "qmnist-train-labels-idx2-int.gz", rows, True)


CASES: dict[str, Callable[[Path], None]] = {
    case.__name__: case
    for case in (
        idx_dots,
        idx_kaggle,
        idx_gz_is_raw,
        idx_raw_is_gz,
        idx_html,
        idx_cut,
        emnist_letters,
        emnist_all,
        qmnist,
    )
}
