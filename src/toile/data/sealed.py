"""The test part, sealed: its length is public, its pixels and labels are not.

`open_sealed` is left out of the room's surface on purpose. Only the description of the data and
the run store's counted look import it, and a contract on imports holds that.
"""

from toile.data.images import Images


class Sealed:
    """A test part that tells how many images it holds and nothing else."""

    __slots__ = ("_images",)

    def __init__(self, images: Images) -> None:
        """Seal `images`."""
        self._images = images

    def __len__(self) -> int:
        """How many images are sealed."""
        return len(self._images)

    def __repr__(self) -> str:
        """Name the part without showing any of it."""
        return f"Sealed({len(self)} images)"


def open_sealed(part: Sealed) -> Images:
    """The images inside: for `data.describe` and the counted look of `runs.open_test` alone."""
    return part._images
