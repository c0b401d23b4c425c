"""The seal on a network's test pictures: predicting one would be an uncounted look at the test."""

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
    """The pictures of the sealed test part, recognised by their hashes and paths.

    `folder` is the data, if it is a folder; `description` names the pictures' data and the next
    step. `doubts` are warnings with every prediction if the hashes are unknown.
    """

    hashes: HashSet = field(default_factory=_nothing)
    folder: Path | None = None
    description: str = "of the sealed test part of the network's data; take another"
    doubts: tuple[str, ...] = ()

    def refuse_hashes(self, name: str, hashes: HashSet) -> None:
        """Raise ToileError if the picture with these `hashes` is a sealed one.

        The path does not matter. A copy that was cropped, resized or saved as JPEG has other pixels
        and is not recognised.
        """
        if are_in(hashes, self.hashes).any():
            raise ToileError(f"{name}: is {self.description}")

    def refuse_prepared(self, name: str, pixels: UInt8[np.ndarray, "c h w"]) -> None:
        """Raise ToileError if the prepared picture is a sealed one.

        This recognises copies that were turned, inverted or moved.
        """
        self.refuse_hashes(name, picture_hashes(pixels))

    def refuse_paths(self, paths: Iterable[Path]) -> None:
        """Raise ToileError if one of `paths` is in the test folder of the data.

        Only the path matters, so a file is refused even if it has changed.
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
    """The absolute path, and the same with links followed, since a test folder may be a link."""
    return {Path(os.path.abspath(path)), path.resolve()}


def _is_test_image(path: Path) -> bool:
    """Whether a file of a dataset is in a class folder of its test folder."""
    # A class may be called test too; its folder is directly above its files.
    return any(part_of(name) == "test" for name in path.parts[:-2])
