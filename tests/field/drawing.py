"""Letters drawn for the field cases: small sets as people bring them, made anew by each test."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped, UInt8
from PIL import Image, ImageDraw, ImageFont

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def glyph(
    text: str,
    rng: np.random.Generator | None = None,
    size: int = 28,
    ink: int = 255,
    paper: int = 0,
    scale: float = 0.78,
) -> UInt8[np.ndarray, "h w"]:
    """A letter, white on black by default; with `rng` a little moved and turned."""
    big = size * 4
    picture = Image.new("L", (big, big), 0)
    font = ImageFont.load_default(int(big * scale))
    ImageDraw.Draw(picture).text((big / 2, big / 2), text, fill=255, font=font, anchor="mm")
    if rng is not None:
        angle = rng.uniform(-9, 9)
        across, down = rng.integers(-big // 16, big // 16 + 1, 2).tolist()
        picture = picture.rotate(angle, Image.Resampling.BILINEAR, translate=(across, down))
    shares = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)) / 255
    return np.rint(paper + (ink - paper) * shares).astype(np.uint8)


def glyphs(
    letters: list[str] | str, each: int, seed: int = 0, size: int = 28, **style: Any
) -> tuple[UInt8[np.ndarray, "n h w"], Int64[np.ndarray, " n"]]:
    """`each` of every letter, shuffled: the pictures, and the place of each one's letter."""
    rng = np.random.default_rng(seed)
    drawn = [glyph(letter, rng, size, **style) for letter in letters for _ in range(each)]
    labels = np.repeat(np.arange(len(letters)), each)
    order = rng.permutation(len(labels))
    return np.stack(drawn)[order], labels[order]


def save(file: Path, picture: Image.Image | Shaped[np.ndarray, "..."], **how: Any) -> None:
    """Write one picture, and the folders it lies in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, **how)


def class_folders(
    root: Path,
    letters: list[str] | str = "ABC",
    each: int = 12,
    seed: int = 0,
    ending: str = ".png",
    names: list[str] | None = None,
    size: int = 28,
    **style: Any,
) -> None:
    """A folder for each letter, by its name in `names` where that is another."""
    drawn, labels = glyphs(letters, each, seed, size, **style)
    folders = names or list(letters)
    for number, (pixels, label) in enumerate(zip(drawn, labels, strict=True)):
        save(root / folders[label] / f"{number:04d}{ending}", pixels)
