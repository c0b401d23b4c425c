"""Photographs of a user's own: drawn, of three classes, each of another size."""

import io
import zipfile

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASSES = {"apple": (178, 44, 38), "leaf": (70, 122, 52), "sky": (92, 148, 214)}


def photograph(name: str, rng: np.random.Generator, sides: tuple[int, int]) -> bytes:
    """A JPEG of one thing on a table, or of the sky, somewhere in the picture and unevenly lit."""
    width, height = (int(rng.integers(*sides)) for _ in range(2))
    left, right = rng.uniform(0.75, 1.1, 2)
    light = np.linspace(left, right, width)[None, :, None]
    table = np.array([196, 178, 152]) * light * np.ones((height, 1, 1))
    if name == "sky":
        table = np.array(CLASSES[name]) * light * np.linspace(0.8, 1.15, height)[:, None, None]
    picture = Image.fromarray(np.clip(table, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    radius = int(min(width, height) * rng.uniform(0.2, 0.35))
    x, y = (int(rng.integers(radius, side - radius)) for side in (width, height))
    colour = tuple(int(part * rng.uniform(0.85, 1.15)) for part in CLASSES[name])
    if name == "apple":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    elif name == "leaf":
        draw.polygon(
            [(x - radius, y), (x, y - radius // 2), (x + radius, y), (x, y + radius // 2)],
            fill=colour,
        )
    else:
        draw.ellipse((x - radius, y - radius // 3, x + radius, y + radius // 3), fill=(240,) * 3)
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    grain = rng.normal(0, 4, (height, width, 3))
    noisy = np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(noisy).save(written, "JPEG", quality=88)
    return written.getvalue()


def photograph_album(num: int, sides: tuple[int, int], seed: int = 0) -> bytes:
    """A zip with a folder for each class and `num` photographs in all."""
    rng, file = np.random.default_rng(seed), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index in range(num):
            name = list(CLASSES)[index % len(CLASSES)]
            picture = photograph(name, rng, sides)
            archive.writestr(f"photos/{name}/IMG_{index:04}.jpg", picture)
    return file.getvalue()
