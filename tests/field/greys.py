"""Field cases of the range of greys: pictures saved as 0 and 1, 0 to 16, 12 bit and so on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped, UInt8

from tests.field.drawing import DIGITS, glyphs, save


def _npz(file: Path, x: Shaped[np.ndarray, "n h w"], y: Int64[np.ndarray, " n"]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, x_train=x, y_train=y)


def _as(change: Callable) -> Callable[[Path], None]:
    """Letters through `change`, in an .npz."""

    def write(root: Path) -> None:
        x, y = glyphs("ABCD", 40, 1)
        _npz(root / "data.npz", change(x), y)

    return write


def _overshooting(x: UInt8[np.ndarray, "n h w"]) -> Shaped[np.ndarray, "n h w"]:
    """From 0 to 1 but for a rounding error."""
    unit = (x / 255).astype(np.float32)
    unit[0, 0, 0] = np.nextafter(np.float32(1), np.float32(2))
    return unit


def npz_digits16(root: Path) -> None:
    """As scikit-learn's load_digits: 8 x 8 px, floats of 0 to 16."""
    x, y = glyphs(DIGITS, 60, 1, 8, scale=1.0)
    _npz(root / "digits.npz", np.rint(x / 255 * 16).astype(np.float64), y)


def csv_digits16(root: Path) -> None:
    """As optdigits.tra: 64 pixels of 0 to 16, the label last, no header."""
    x, y = glyphs(DIGITS, 60, 1, 8, scale=1.0)
    rows = np.concatenate([np.rint(x / 255 * 16).reshape(len(x), -1), y[:, None]], 1)
    root.mkdir(parents=True, exist_ok=True)
    np.savetxt(root / "optdigits.csv", rows, "%d", ",")


def _pictures(folder: Path, seed: int, dtype: type, factor: int) -> None:
    """Letters in class folders, through a factor and into a type."""
    drawn, labels = glyphs("ABC", 12, seed)
    for number, (pixels, label) in enumerate(zip(drawn, labels, strict=True)):
        save(folder / "ABC"[label] / f"{number:03d}.png", pixels.astype(dtype) * dtype(factor))


def dir_16bit_dark(root: Path) -> None:
    """16-bit arrays of 0 to 255, as OpenCV writes them: the upper byte is always 0."""
    _pictures(root, 0, np.uint16, 1)


def dir_16bit_low(root: Path) -> None:
    """The same in train/ and test/."""
    _pictures(root / "train", 1, np.uint16, 1)
    _pictures(root / "test", 2, np.uint16, 1)


def dir_12bit(root: Path) -> None:
    """As 12-bit cameras write them: 0 to 4095 in 16 bits."""
    _pictures(root / "train", 1, np.uint16, 16)
    _pictures(root / "test", 2, np.uint16, 16)


def dir_binary(root: Path) -> None:
    """Masks of 0 and 1 as PNG files."""
    drawn, labels = glyphs("ABC", 12, 1)
    for number, (pixels, label) in enumerate(zip(drawn, labels, strict=True)):
        save(root / "ABC"[label] / f"{number:03d}.png", (pixels > 127).astype(np.uint8))


def dir_black(root: Path) -> None:
    """All pictures black, by a division of whole numbers by 255."""
    _, labels = glyphs("ABC", 12)
    for number, label in enumerate(labels):
        save(root / "ABC"[label] / f"{number}.png", np.full((28, 28), number % 2, np.uint8))


CASES: dict[str, Callable[[Path], None]] = {
    "npz_unit_float": _as(lambda x: (x / 255).astype(np.float32)),
    "npz_unit_overshoot": _as(_overshooting),
    "npz_minus_one": _as(lambda x: (x / 127.5 - 1).astype(np.float32)),
    "npz_float_255": _as(lambda x: np.clip(x.astype(np.float32) * 0.993 + 0.21, 0, 255)),
    "npz_standardised": _as(lambda x: (x - x.mean()) / x.std()),
    "npz_12bit": _as(lambda x: x.astype(np.uint16) * 16),
    "npz_16bit": _as(lambda x: x.astype(np.uint16) * 257),
    "npz_binary_uint8": _as(lambda x: (x > 127).astype(np.uint8)),
    "npz_binary_int64": _as(lambda x: (x > 127).astype(np.int64)),
    "npz_binary_bool": _as(lambda x: x > 127),
    "npz_half_lit": _as(lambda x: x // 4),
    "npz_digits16": npz_digits16,
    "csv_digits16": csv_digits16,
    "dir_16bit_dark": dir_16bit_dark,
    "dir_16bit_low": dir_16bit_low,
    "dir_12bit": dir_12bit,
    "dir_binary": dir_binary,
    "dir_black": dir_black,
}
