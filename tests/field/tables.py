"""Field cases of CSV files: headers, label columns, delimiters and parts as people have them."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from tests.field.drawing import DIGITS, UPPER, glyphs
from tests.field.idx import four_idx

Array = Shaped[np.ndarray, "..."]
GARMENTS = ["Ankle boot", "Bag", "Coat, long", "Dress"]


def write_csv(
    file: Path,
    x: Array,
    y: Sequence[Any] | Array,
    header: Sequence[str] | None = None,
    label: str = "first",
    delimiter: str = ",",
    quote: int = csv.QUOTE_MINIMAL,
    with_index: bool = False,
    with_header: bool = True,
    show: Callable[[Any], str] = str,
    newline: str = "\n",
) -> None:
    """A row for each picture; the label first, last or nowhere, called by the end of `header`."""
    flat = x.reshape(len(x), -1)
    pixels = [f"pixel{number + 1}" for number in range(flat.shape[1])]
    names = [*(header[1:] if header and len(header) > 1 else pixels)]
    named = header[0] if header else "label"

    def row(value: Any, cells: list[Any]) -> list[Any]:
        return {"first": [value, *cells], "last": [*cells, value], "none": cells}[label]

    buffer = io.StringIO()
    out = csv.writer(buffer, delimiter=delimiter, quoting=quote, lineterminator=newline)
    if with_header:
        out.writerow([*([""] if with_index else []), *row(named, names)])
    for number, (cells, value) in enumerate(zip(flat, y, strict=True)):
        shown = [show(cell) for cell in cells]
        out.writerow([*([number] if with_index else []), *row(value, shown)])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(buffer.getvalue(), newline="")


def _one(
    letters: str = "ABCD", each: int = 30, name: str = "train.csv", **style: Any
) -> Callable[[Path], None]:
    """Letters in one file."""

    def write(root: Path) -> None:
        write_csv(root / name, *glyphs(letters, each, 1), **style)

    return write


def _labelled(change: Callable[[Array], Any], letters: str = "ABCD", **style: Any):
    """Letters in one file, their labels through `change`."""

    def write(root: Path) -> None:
        x, y = glyphs(letters, 30 if len(letters) < 10 else 20, 1)
        write_csv(root / "train.csv", x, change(y), **style)

    return write


def csv_plain(root: Path) -> None:
    """Kaggle's Fashion-MNIST."""
    write_csv(root / "fashion-mnist_train.csv", *glyphs(DIGITS, 20, 1))
    write_csv(root / "fashion-mnist_test.csv", *glyphs(DIGITS, 5, 2))


def csv_three_parts(root: Path) -> None:
    """train.csv, val.csv and test.csv in one folder."""
    for part, each, seed in (("train", 30, 1), ("val", 8, 2), ("test", 8, 3)):
        write_csv(root / f"{part}.csv", *glyphs("ABCD", each, seed))


def csv_split_names(root: Path) -> None:
    """X_train.csv, y_train.csv, X_test.csv and y_test.csv."""
    for part, seed, each in (("train", 1, 30), ("test", 2, 8)):
        x, y = glyphs("ABCD", each, seed)
        write_csv(root / f"X_{part}.csv", x, y, label="none")
        (root / f"y_{part}.csv").write_text("label\n" + "\n".join(map(str, y)) + "\n")


def csv_headerless_letters(root: Path) -> None:
    """EMNIST's: no header, labels 1 to 26 first, pictures transposed."""
    x, y = glyphs(UPPER, 12, 1)
    write_csv(root / "emnist-letters-train.csv", x.swapaxes(1, 2), y + 1, with_header=False)


def csv_pandas_header(root: Path) -> None:
    """A file without a header through pandas: its first row became 0, 0.1, 0.2 and so on."""
    x, y = glyphs(UPPER, 10, 1)
    mangled = ["0", *(f"0.{number}" for number in range(1, 785))]
    write_csv(root / "A_Z Handwritten Data.csv", x, y, mangled)


def csv_sign(root: Path) -> None:
    """Sign-language MNIST: 24 letters, of which the tenth is missing."""
    known = np.array([number for number in range(25) if number != 9])
    for part, each, seed in (("train", 8, 1), ("test", 4, 2)):
        x, y = glyphs("ABCDEFGHIKLMNOPQRSTUVWXY", each, seed)
        write_csv(root / f"sign_mnist_{part}.csv", x, known[y])


def csv_unit(root: Path) -> None:
    """Pixels divided by 255."""
    x, y = glyphs("ABCD", 30, 1)
    write_csv(root / "train.csv", x / 255, y, show=lambda pixel: f"{pixel:.6f}")


def csv_unit_ends(root: Path) -> None:
    """The same without a header, on paper of another grey, so that both ends vary."""
    x, y = glyphs("ABCD", 30, 1)
    noisy = np.clip(x + np.random.default_rng(1).integers(0, 40, x.shape), 0, 255)
    write_csv(
        root / "train.csv", noisy / 255, y, show=lambda pixel: f"{pixel:.6f}", with_header=False
    )


def csv_bom_crlf(root: Path) -> None:
    """As Excel saves it: a mark of the byte order, and lines that end as on Windows."""
    _one(newline="\r\n")(root)
    file = root / "train.csv"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())


def csv_one_hot(root: Path) -> None:
    """As UCI's semeion.data: a column for each class behind the pixels."""
    x, y = glyphs("ABCD", 30, 1)
    rows = np.concatenate([x.reshape(len(x), -1), np.eye(4, dtype=int)[y]], 1)
    root.mkdir(parents=True)
    np.savetxt(root / "train.csv", rows, "%d", ",")


def _binary(root: Path, labels: Callable[[Array], Array]) -> None:
    """Ink 0 on paper 1, the label first, no header; the last pixel is 0 or 1."""
    x, y = glyphs("ABCD", 30, 1)
    binary = 1 - (x > 127).astype(int)
    binary[::3, -1, -1] = 0
    write_csv(root / "letters.csv", binary, labels(y), with_header=False)


def csv_kaggle_digits(root: Path) -> None:
    """Kaggle's digit-recognizer: a test file without labels, and an example of a submission."""
    names = ["label", *(f"pixel{number}" for number in range(784))]
    write_csv(root / "train.csv", *glyphs(DIGITS, 20, 1), names)
    write_csv(root / "test.csv", *glyphs(DIGITS, 5, 2), names, label="none")
    rows = "".join(f"{number},0\n" for number in range(1, 51))
    (root / "sample_submission.csv").write_text(f"ImageId,Label\n{rows}")


def csv_rgb(root: Path) -> None:
    """hmnist_28_28_RGB.csv: the colours of a pixel side by side, the label last."""
    x, y = glyphs("ABCD", 30, 1)
    names = ["label", *(f"pixel{number:04d}" for number in range(2352))]
    colours = np.stack([x, x // 2, 255 - x], -1)
    write_csv(root / "hmnist_28_28_RGB.csv", colours, y, names, label="last")


def csv_rgb_planes(root: Path) -> None:
    """All red values of a picture first, then the green, then the blue ones."""
    x, y = glyphs("ABCD", 30, 1)
    write_csv(root / "planes.csv", np.stack([x, x // 2, 255 - x], 1), y)


def csv_fer(root: Path) -> None:
    """fer2013.csv: the pixels of a picture in one cell, and its part in another."""
    x, y = glyphs("ABCD", 30, 1, 48)
    usages = ["PublicTest", "Training", "Training", "PrivateTest", "Training"]
    rows = [
        f"{label},{' '.join(map(str, pixels.ravel()))},{usages[number % 5]}\n"
        for number, (pixels, label) in enumerate(zip(x, y, strict=True))
    ]
    root.mkdir(parents=True)
    (root / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(rows))


def csv_and_idx(root: Path) -> None:
    """Kaggle's zalando-research/fashionmnist: both kinds of files in one folder."""
    csv_plain(root)
    four_idx(root)


CASES: dict[str, Callable[[Path], None]] = {
    "csv_plain": csv_plain,
    "csv_three_parts": csv_three_parts,
    "csv_split_names": csv_split_names,
    "csv_openml": _one(DIGITS, 20, "mnist_784.csv", label="last", header=["class"]),
    "csv_index": _one(DIGITS, 20, with_index=True),
    "csv_index_headerless": _one(DIGITS, 20, with_index=True, with_header=False),
    "csv_headerless_letters": csv_headerless_letters,
    "csv_pandas_header": csv_pandas_header,
    "csv_numbered_header": _one(header=["label", *map(str, range(784))]),
    "csv_sign": csv_sign,
    "csv_unit": csv_unit,
    "csv_unit_ends": csv_unit_ends,
    "csv_floats": _labelled(
        lambda y: [f"{label:.1f}" for label in y], show=lambda pixel: f"{pixel:.1f}"
    ),
    "csv_names": _labelled(lambda y: [GARMENTS[label] for label in y]),
    "csv_letters_labels": _labelled(lambda y: ["ABCD"[label] for label in y]),
    "csv_letters_headerless": _labelled(
        lambda y: ["ABCD"[label] for label in y], with_header=False, label="last"
    ),
    "csv_quoted": _one(quote=csv.QUOTE_ALL),
    "csv_binary_letters": lambda root: _binary(root, lambda y: y + 1),
    "csv_binary_two": lambda root: _binary(root, lambda y: y % 2),
    "csv_semicolon": _one(delimiter=";"),
    "csv_tabs": _one(name="train.tsv", delimiter="\t"),
    "csv_bom_crlf": csv_bom_crlf,
    "csv_one_hot": csv_one_hot,
    "csv_kaggle_digits": csv_kaggle_digits,
    "csv_rgb": csv_rgb,
    "csv_rgb_planes": csv_rgb_planes,
    "csv_fer": csv_fer,
    "csv_upper_suffix": _one(name="TRAIN_DATA.CSV"),
    "csv_label_upper": _labelled(lambda y: y + 1, label="last", header=["Class"]),
    "csv_missing_class": _labelled(lambda y: np.where(y == 6, 7, y), DIGITS, with_header=False),
    "csv_two_digits": _labelled(
        lambda y: np.array([3, 8])[y], "38", with_header=False, label="last"
    ),
    "csv_unknown_columns": _one(with_index=True, header=["first"]),
    "csv_and_idx": csv_and_idx,
}
