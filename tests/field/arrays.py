"""Field cases of NumPy's files: keys, shapes and labels as people save them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from tests.field.drawing import DIGITS, UPPER, glyphs

Array = Shaped[np.ndarray, "..."]


def npz(file: Path, **arrays: Array) -> None:
    """Write some arrays into one file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **arrays)


def _letters(letters: str, each: int, change: Callable[[Array, Array], dict[str, Array]]):
    """Letters and the places of their letters, through `change` into the arrays of one file."""

    def write(root: Path) -> None:
        npz(root / "data.npz", **change(*glyphs(letters, each, 1)))

    return write


def _labelled(
    change: Callable[[Array], Array], letters: str = "ABCD", each: int = 40
) -> Callable[[Path], None]:
    """Pictures as they are and labels through `change`."""
    return _letters(letters, each, lambda x, y: {"x_train": x, "y_train": change(y)})


def _shaped(change: Callable[[Array], Array], each: int = 40) -> Callable[[Path], None]:
    """Labels as they are and pictures through `change`."""
    return _letters("ABCD", each, lambda x, y: {"x_train": change(x), "y_train": y})


def npz_medmnist(root: Path) -> None:
    """MedMNIST: three parts, and labels in a column."""
    parts = {"train": (30, 1), "val": (6, 2), "test": (8, 3)}
    arrays = {}
    for part, (each, seed) in parts.items():
        x, y = glyphs("ABCD", each, seed)
        arrays |= {f"{part}_images": x, f"{part}_labels": y[:, None].astype(np.uint8)}
    npz(root / "breastmnist.npz", **arrays)


def npz_with_val(root: Path) -> None:
    """x_train, x_val, x_test, as many scripts save them."""
    arrays = {}
    for part, (each, seed) in {"train": (30, 1), "val": (10, 2), "test": (8, 3)}.items():
        x, y = glyphs("ABCD", each, seed)
        arrays |= {f"x_{part}": x, f"y_{part}": y}
    npz(root / "data.npz", **arrays)


def npz_kuzushiji(root: Path) -> None:
    """Kuzushiji-49: an unnamed array in each of four files."""
    for part, (each, seed) in {"train": (30, 1), "test": (8, 3)}.items():
        x, y = glyphs("ABCD", each, seed)
        for kind, array in (("imgs", x), ("labels", y.astype(np.uint8))):
            root.mkdir(parents=True, exist_ok=True)
            np.savez(root / f"k49-{part}-{kind}.npz", array)


def npy_pair(root: Path) -> None:
    """X_train.npy and y_train.npy."""
    x, y = glyphs("ABCD", 40, 1)
    root.mkdir(parents=True)
    np.save(root / "X_train.npy", x)
    np.save(root / "y_train.npy", y)


def npz_two_sets(root: Path) -> None:
    """Two sets in one file."""
    x, y = glyphs("AB", 20, 1)
    npz(root / "data.npz", mnist_images=x, mnist_labels=y, kmnist_images=x, kmnist_labels=y)


CASES: dict[str, Callable[[Path], None]] = {
    "npz_medmnist": npz_medmnist,
    "npz_with_val": npz_with_val,
    "npz_kuzushiji": npz_kuzushiji,
    "npy_pair": npy_pair,
    "npz_upper_keys": _letters(
        "ABCD",
        40,
        lambda x, y: {"X_train": x, "y_train": y, "X_test": x[:20] // 2, "y_test": y[:20]},
    ),
    "npz_images_labels": _letters("ABCD", 40, lambda x, y: {"images": x, "labels": y}),
    "npz_load_digits": _letters(
        "ABCD",
        40,
        lambda x, y: {
            "data": x.reshape(len(x), -1).astype(float),
            "target": y,
            "images": x.astype(float),
            "target_names": np.array(list("ABCD")),
        },
    ),
    "npz_two_sets": npz_two_sets,
    "npz_one_hot": _letters(
        "ABCD",
        40,
        lambda x, y: {"x_train": x, "y_train": np.eye(4)[y], "x_test": x[:16], "y_test": y[:16]},
    ),
    "npz_soft_labels": _labelled(lambda y: np.full((len(y), 4), 0.25)),
    "npz_flat": _shaped(lambda x: x.reshape(len(x), -1)),
    "npz_channels_last": _shaped(lambda x: x[..., None]),
    "npz_channels_first": _shaped(lambda x: x[:, None]),
    "npz_colour_first": _shaped(lambda x: np.stack([x, x // 2, 255 - x], 1)),
    "npz_swapped_sizes": _shaped(lambda x: x[:, 4:24], 30),
    "npz_str_labels": _labelled(lambda y: np.array(list("ABCD"))[y]),
    "npz_bytes_labels": _labelled(lambda y: np.array([b"A", b"B", b"C", b"D"])[y]),
    "npz_object_labels": _labelled(lambda y: np.array(list("ABCD"), object)[y]),
    "npz_digit_str_labels": _labelled(lambda y: y.astype(str), DIGITS, 20),
    "npz_bool_labels": _labelled(lambda y: y.astype(bool), "AB", 60),
    "npz_pm1_labels": _labelled(lambda y: 2 * y - 1, "AB", 60),
    "npz_from_one": _labelled(lambda y: y + 1, UPPER, 10),
    "npz_two_of_ten": _labelled(lambda y: np.array([3, 8])[y], "38", 60),
}
