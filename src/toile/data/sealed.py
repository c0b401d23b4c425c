"""The test part, sealed: its length is public, its pixels and labels are not.

`open_sealed` is left out of the room's surface on purpose. Only the description of the data and
the run store's counted look import it, and a contract on imports holds that.
"""

import numpy as np

from toile.data.images import Images
from toile.data.marks import MarkSet, is_marked


class Sealed:
    """A test part that tells how many images it holds, by what marks, and nothing else."""

    __slots__ = ("_images", "_marks")

    def __init__(self, images: Images, marks: MarkSet | None = None) -> None:
        """Seal `images`; `marks` are theirs, where their pixels are not at hand."""
        self._images = images
        self._marks = marks

    def __len__(self) -> int:
        """How many images are sealed."""
        return len(self._images)

    @property
    def marks(self) -> MarkSet:
        """By what its images are known, to be kept from training and from being asked about."""
        if self._marks is None:
            self._marks = self._images.mark_set()
        return self._marks

    def count_marked(self, among: MarkSet) -> int:
        """How many of its images have a mark in `among`."""
        return int(is_marked(self._images.marks, among).sum())

    def without_pixels(self) -> "Sealed":
        """The number and the marks of its images alone, as they may leave this machine."""
        n = len(self)
        nothing = np.empty((n, 0, 0, 0), np.uint8)
        return Sealed(Images(nothing, np.zeros(n, np.int64), self._images.marks), self.marks)

    def __repr__(self) -> str:
        """Name the part without showing any of it."""
        return f"Sealed({len(self)} images)"


def open_sealed(part: Sealed) -> Images:
    """The images inside: for `data.describe` and the counted look of `runs.open_test` alone."""
    return part._images
