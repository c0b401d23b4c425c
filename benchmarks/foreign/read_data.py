"""Reads what write_data.py wrote and compares pixels and labels: python read_data.py FOLDER."""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from toile.data import Images, load_data
from toile.data.sealed import open_sealed

NAMES = {"parquet": ("T-shirt/top", "coat", "ankle boot")}


def main(folder: Path) -> None:
    """Raise AssertionError at the first form that is read otherwise than it was written."""
    arrays = dict(np.load(folder / "arrays.npz"))
    for form in ("parquet", "shards", "svhn"):
        dataset = load_data(folder / form)
        train, held_out = dataset.train.split_held_out()
        parts = {"train": train, "test": open_sealed(dataset.test)}
        if form != "svhn":
            parts["validation"] = held_out
        for part, images in parts.items():
            compare(images, arrays[f"{part}_images"], arrays[f"{part}_labels"])
        assert dataset.class_names == NAMES.get(form, ("0", "1", "2")), dataset.class_names
        counts = ", ".join(f"{part} {len(images)}" for part, images in parts.items())
        print(f"{form}: {counts}, every pixel and label as written")


def compare(images: Images, pixels: np.ndarray, labels: np.ndarray) -> None:
    """The same pairs of picture and label, in whatever order."""
    read = zip(images.pixels.transpose(0, 2, 3, 1), images.labels, strict=True)
    written = zip(pixels, labels, strict=True)
    assert sorted((x.tobytes(), int(y)) for x, y in read) == sorted(
        (x.tobytes(), int(y)) for x, y in written
    )


if __name__ == "__main__":
    os.environ["TOILE_CACHE"] = tempfile.mkdtemp()
    main(Path(sys.argv[1]))
