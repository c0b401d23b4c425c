"""Writes one small set in the forms of other people's libraries: python write_data.py FOLDER.

Runs in an environment of its own, with requirements.txt beside it; Toile is not imported. What was
written is read again by read_data.py, which compares it with arrays.npz.
"""

import sys
from pathlib import Path

import numpy as np
import scipy.io
import webdataset
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image
from PIL import Image as Picture

NAMES = ["T-shirt/top", "coat", "ankle boot"]
PARTS = {"train": 60, "validation": 15, "test": 30}


def main(folder: Path) -> None:
    """Write all forms into `folder`."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    arrays = {}
    for part, count in PARTS.items():
        arrays[f"{part}_images"] = draw.integers(0, 256, (count, 12, 12, 3), dtype=np.uint8)
        arrays[f"{part}_labels"] = np.arange(count) % len(NAMES)
    np.savez(folder / "arrays.npz", **arrays)
    write_parquet(folder / "parquet", arrays)
    write_shards(folder / "shards", arrays)
    write_matlab(folder / "svhn", arrays)


def write_parquet(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """As `datasets` lays out what it uploads: data/PART-00000-of-0000N.parquet."""
    features = Features({"image": Image(), "label": ClassLabel(names=NAMES)})
    (folder / "data").mkdir(parents=True)
    sets = DatasetDict()
    for part in PARTS:
        pictures = [Picture.fromarray(pixels) for pixels in arrays[f"{part}_images"]]
        columns = {"image": pictures, "label": arrays[f"{part}_labels"].tolist()}
        sets[part] = Dataset.from_dict(columns, features=features)
    for part, data in sets.items():
        num_shards = 2 if part == "train" else 1
        for index in range(num_shards):
            name = f"{part}-{index:05}-of-{num_shards:05}.parquet"
            data.shard(num_shards, index, contiguous=True).to_parquet(folder / "data" / name)


def write_shards(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Tar files by webdataset's ShardWriter, several a part."""
    folder.mkdir()
    for part in PARTS:
        pattern = str(folder / f"set-{part}-%04d.tar")
        with webdataset.ShardWriter(pattern, maxcount=25, verbose=0) as writer:
            pairs = zip(arrays[f"{part}_images"], arrays[f"{part}_labels"], strict=True)
            for number, (pixels, label) in enumerate(pairs):
                writer.write({"__key__": f"{number:06}", "png": pixels, "cls": int(label)})


def write_matlab(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """SVHN's cropped digits, as scipy writes them, compressed."""
    folder.mkdir()
    for part in ("train", "test"):
        images = arrays[f"{part}_images"].transpose(1, 2, 3, 0)
        labels = arrays[f"{part}_labels"][:, None].astype(np.uint8)
        contents = {"X": images, "y": labels}
        scipy.io.savemat(folder / f"{part}_32x32.mat", contents, do_compression=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
