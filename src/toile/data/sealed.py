"""The test part, sealed: its length is public, its pixels and labels are not.

`open_sealed` is left out of the room's surface on purpose. Only the description of the data,
the copy in an augmented set and the run store's counted look import it, and a contract on imports
holds that.
"""

import numpy as np

from toile.data.hashes import HashSet, is_known
from toile.data.images import Images


class Sealed:
    """A test part that tells how many images it holds, by what hashes, and nothing else."""

    __slots__ = ("_hashes", "_images")

    def __init__(self, images: Images, hashes: HashSet | None = None) -> None:
        """Seal `images`; `hashes` are theirs, where their pixels are not at hand."""
        self._images = images
        self._hashes = hashes

    def __len__(self) -> int:
        """How many images are sealed."""
        return len(self._images)

    @property
    def hashes(self) -> HashSet:
        """The hashes of its images, by which they are kept from training and from questions."""
        if self._hashes is None:
            self._hashes = self._images.hash_set
        return self._hashes

    def count_known(self, among: HashSet) -> int:
        """How many of its images have a hash in `among`."""
        return int(is_known(self._images.hashes, among).sum())

    def without_pixels(self) -> "Sealed":
        """The number and the hashes of its images alone, as they may leave this machine."""
        n = len(self)
        nothing = np.empty((n, 0, 0, 0), np.uint8)
        return Sealed(Images(nothing, np.zeros(n, np.int64), self._images.hashes), self.hashes)

    def __repr__(self) -> str:
        """Name the part without showing any of it."""
        return f"Sealed({len(self)} images)"


def open_sealed(part: Sealed) -> Images:
    """The images inside: for `data.describe` and the counted look of `runs.open_test` alone."""
    return part._images
