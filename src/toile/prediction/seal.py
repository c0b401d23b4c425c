"""The seal on a network's test pictures: an answer to one would be a look that nobody counted."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from toile.data import HashSet, are_in, part_of, picture_hashes
from toile.errors import ToileError


def _nothing() -> HashSet:
    return np.empty(0, np.uint64)


@dataclass(frozen=True, eq=False)
class Seal:
    """Which pictures are of the sealed test part, told by their hashes and by where they lie.

    `folder` is the data, where that is a folder; `description` says whose pictures they are, and
    what to do instead. `doubts` are warnings beside every answer where nobody knows the hashes.
    """

    hashes: HashSet = field(default_factory=_nothing)
    folder: Path | None = None
    description: str = "of the sealed test part of the network's data; take another"
    doubts: tuple[str, ...] = ()

    def refuse_hashes(self, name: str, hashes: HashSet) -> None:
        """Raise ToileError where the picture with these `hashes` is a sealed one.

        Wherever it lies and whatever it is called. A copy that was cropped, resized or saved as
        JPEG has other pixels and is not known.
        """
        if are_in(hashes, self.hashes).any():
            raise ToileError(f"{name}: is {self.description}")

    def refuse_prepared(self, name: str, pixels: UInt8[np.ndarray, "c h w"]) -> None:
        """Raise ToileError where what the network is to see is a sealed picture.

        It was turned, inverted or moved, and the preparation has put it right.
        """
        self.refuse_hashes(name, picture_hashes(pixels))

    def refuse_paths(self, paths: Iterable[Path]) -> None:
        """Raise ToileError where one of `paths` lies in the test folder of the data.

        Told by path alone, so also where the file has changed since.
        """
        if self.folder is None or not self.folder.is_dir():
            return
        roots = _spellings(self.folder)
        for path in paths:
            if any(
                _is_test_image(spelt.relative_to(root))
                for spelt in _spellings(path)
                for root in roots
                if spelt.is_relative_to(root)
            ):
                raise ToileError(f"{path}: is {self.description}")


def _spellings(path: Path) -> set[Path]:
    """As it was named and with links followed: a test folder may be a link, or be named by one."""
    return {Path(os.path.abspath(path)), path.resolve()}


def _is_test_image(path: Path) -> bool:
    """Whether a file of a dataset lies in a class folder of its test folder."""
    # A class may itself be called test, and lies right above its files.
    return any(part_of(name) == "test" for name in path.parts[:-2])
