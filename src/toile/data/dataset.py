"""A dataset: images to learn from, a sealed test part, class names and what was odd in reading."""

from dataclasses import dataclass, field
from pathlib import Path

from toile.data.fingerprint import Identity
from toile.data.greys import Greys
from toile.data.images import Images
from toile.data.sealed import Sealed


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, or read only in part, and why."""

    file: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images in two parts. The test part's pixels are out of reach but for a counted look."""

    name: str
    path: Path
    train: Images
    test: Sealed
    class_names: tuple[str, ...]
    identity: Identity = field(repr=False)
    release: str = "unknown"
    skipped: tuple[Skipped, ...] = ()
    nulls: int | None = None
    """Empty cells; None where the format cannot hold any."""
    nans: int | None = None
    """Values that are not numbers; None where the format cannot hold any."""
    notes: tuple[str, ...] = ()
    """What a user should know of how the images were read, a sentence each."""
    is_turned: bool = False
    """Whether rows and columns of every picture were swapped in reading."""
    greys: Greys | None = None
    """Which values of the files are black and white; None by the rules of older runs."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return self.train.shape

    @property
    def fingerprint(self) -> str:
        """Hash of all images and labels, the same however they are stored and ordered."""
        return self.identity.fingerprint

    @property
    def test_fingerprint(self) -> str:
        """The same hash over the test part alone: what the ledger of looks is keyed by."""
        return self.identity.test_fingerprint

    @property
    def order(self) -> str:
        """Hash of the images in the order they were read: what a split's indices depend on."""
        return self.identity.order
