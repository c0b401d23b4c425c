"""Arrays that were given in Python, as the cache keeps them: bytes, class indices, class names."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from toile.data.greys import Greys
from toile.data.images import Images
from toile.data.locations import ARRAYS
from toile.data.mapped_pixels import pixel_bytes_in
from toile.data.memory import is_large
from toile.data.readers.parts import Parts, Progress, refuse_column_name
from toile.errors import ToileError
from toile.recipe import Data

ABOUT = "toile-arrays.json"
HASH_DIGITS = 12
"""Of sha256: enough to tell the arrays of one person apart."""


@dataclass(frozen=True, eq=False)
class CachedArrays:
    """Parts with labels that are places in `class_names`, and what was black and white in them."""

    train: Images
    test: Images | None
    class_names: tuple[str, ...]
    greys: Greys

    @property
    def hash(self) -> str:
        """Of all that is kept, in its order: what the arrays are called by."""
        digest = hashlib.sha256(json.dumps(self._about()).encode())
        for images in (self.train, self.test):
            if images is not None:
                digest.update(repr(images.pixels.shape).encode())
                digest.update(np.ascontiguousarray(images.pixels).data)
                digest.update(np.ascontiguousarray(images.labels).data)
        return digest.hexdigest()[:HASH_DIGITS]

    @property
    def name(self) -> str:
        """What a dataset of them is called."""
        return f"{ARRAYS}{self.hash}"

    @property
    def parts(self) -> Parts:
        """The same as a reader gives them."""
        return Parts(self.train, self.test, self.class_names, nans=0, greys=self.greys)

    def _about(self) -> dict[str, object]:
        return {
            "class_names": list(self.class_names),
            "greys": self.greys.model_dump(mode="json"),
        }

    def write(self, folder: Path) -> None:
        """Keep them in `folder`, whole or not at all. Raises ToileError where that cannot be."""
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as temporary:
                for part, images in (("train", self.train), ("test", self.test)):
                    if images is not None:
                        np.save(Path(temporary, f"x_{part}.npy"), images.pixels)
                        np.save(Path(temporary, f"y_{part}.npy"), images.labels)
                Path(temporary, ABOUT).write_text(json.dumps(self._about()))
                # os.rename refuses to replace a folder that holds files.
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(temporary, folder)
        except OSError as error:
            raise ToileError(
                f"{folder}: the arrays could not be kept there ({error.strerror}), where a run "
                "would look for them; set TOILE_CACHE to a folder that may be written to"
            ) from None


def find_cached_arrays(path: Path) -> list[Path]:
    """The files of kept arrays in a folder of the cache; none elsewhere."""
    return sorted(path.iterdir()) if path.is_dir() and (path / ABOUT).is_file() else []


def read_cached_arrays(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read what `CachedArrays.write` wrote. Raises ToileError where it is no longer that."""
    refuse_column_name(data, str(path))
    parts = open_cached_arrays(path).parts
    return parts if data.rule > 2 else replace(parts, greys=None)


def open_cached_arrays(folder: Path) -> CachedArrays:
    """The arrays kept in `folder`. Raises ToileError where they are damaged."""
    try:
        about = json.loads((folder / ABOUT).read_text())
        parts = ("train", "test") if (folder / "x_test.npy").exists() else ("train",)
        is_mapped = is_large(sum(pixel_bytes_in(folder / f"x_{part}.npy") for part in parts))
        train, *tested = (_images(folder, part, is_mapped) for part in parts)
        arrays = CachedArrays(
            train,
            tested[0] if tested else None,
            tuple(about["class_names"]),
            Greys.model_validate(about["greys"]),
        )
        is_intact = arrays.hash == folder.name
    except (OSError, ValueError, KeyError, TypeError):
        is_intact = False
    if not is_intact:
        raise ToileError(
            f"{folder}: this copy of arrays is damaged; make them again, by "
            "toile.Dataset.from_arrays of the same arrays, which rewrites it"
        )
    return arrays


def _images(folder: Path, part: str, is_mapped: bool) -> Images:
    file = folder / f"x_{part}.npy"
    pixels = np.load(file, mmap_mode="r" if is_mapped else None, allow_pickle=False)
    labels = np.load(folder / f"y_{part}.npy", allow_pickle=False)
    return Images(pixels.view(np.ndarray), labels)
