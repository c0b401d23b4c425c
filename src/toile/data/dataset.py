"""A dataset: images to learn from, a sealed test part, class names and what was odd in reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toile.data.corrections import Corrections
from toile.data.fingerprint import Identity
from toile.data.greys import Greys
from toile.data.images import Images
from toile.data.sealed import Sealed
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.torch_images import TorchImages


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, or read only in part, and why."""

    file: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images in two parts. The pixels of the test part are seen in a counted look only.

    >>> data = toile.load_data("fashion-sample")
    >>> data.shape, len(data.class_names), data.test
    ((1, 28, 28), 10, Sealed(1000 images))
    >>> data.train
    Images(6000 images, 28 x 28 px, grey)
    """

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
    was_transposed: bool = False
    """Whether rows and columns of every picture were swapped in reading."""
    greys: Greys | None = None
    """Which values of the files are black and white; None by the rules of older runs."""
    reading: dict[str, Any] = field(default_factory=dict, repr=False)
    """The settings of a recipe's `data` by which it was read, `name` among them."""
    corrections: Corrections | None = None
    """Which labels are learnt from that are not those of the data."""

    def __repr__(self) -> str:
        classes = f"{len(self.class_names)} classes"
        return f"Dataset({self.name!r}, {classes}, train={self.train}, test={self.test})"

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        x_test: Any = None,
        y_test: Any = None,
        *,
        class_names: Sequence[str] | None = None,
        white: float | None = None,
        **settings: Any,
    ) -> "Dataset":
        """A dataset of arrays: images `x` with labels `y`, and a test part that is sealed at once.

        Images are (n, h, w), (n, h, w, c) or (n, c, h, w) with 1 or 3 channels, or square grey ones
        laid out flat; bytes, or numbers from 0 to 1, -1 to 1, 0 to 255 and so on, as in files,
        `white` being the value of white where that cannot be told. Labels are whole numbers, names,
        or rows with a single 1; classes are in the order of their sorted labels. `class_names` are
        the names of numbers, from 0 or in their order, or the order of names. Without a test part
        one is sealed out of `x`, as of files that have none. `settings` are others of a recipe's
        `data`, as `size_px=28`.

        A copy is kept in the user's cache under the name `arrays:...`, made of its content, by
        which runs, studies and other processes find it again.

            >>> x = np.random.default_rng(0).random((60, 8, 8))
            >>> data = toile.Dataset.from_arrays(x, ["cat", "dog", "cow"] * 20)
            >>> data.class_names, data.shape, len(data.train), data.test
            (('cat', 'cow', 'dog'), (1, 8, 8), 48, Sealed(12 images))

        Raises ToileError naming the argument, the value and the rule.
        """
        # Here, since what reads a dataset makes it of this class.
        from toile.data.arrays import keep_arrays
        from toile.data.load import load_data
        from toile.data.locations import arrays_folder

        with keep_arrays(x, y, x_test, y_test, class_names, white) as name:
            try:
                return load_data(name, white=white, **settings)
            except ToileError as error:
                # Who gave arrays knows nothing of a folder in the cache.
                raise ToileError(str(error).replace(str(arrays_folder(name)), "X")) from None

    def to_torch(self) -> "TorchImages":
        """The training part as a torch Dataset, for a training loop of one's own.

        Items are a float32 tensor (c, h, w) from 0 to 1 and a class index. The sealed test part has
        no such form: it is looked at by `toile.evaluate(run, open_test=True)`, and counted.

            >>> pictures = toile.load_data("fashion-sample").to_torch()
            >>> picture, label = pictures[0]
            >>> len(pictures), tuple(picture.shape), label
            (6000, (1, 28, 28), 9)
        """
        return self.train.to_torch()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return self.train.shape

    @property
    def fingerprint(self) -> str:
        """Hash of all images and labels, the same however they are stored and ordered."""
        return self.identity.fingerprint

    @property
    def original_fingerprint(self) -> str:
        """The fingerprint with the labels that the data has, where others are learnt."""
        return self.corrections.original_fingerprint if self.corrections else self.fingerprint

    @property
    def test_fingerprint(self) -> str:
        """The fingerprint of the test part alone, by which the ledger counts its looks."""
        return self.identity.test_fingerprint

    @property
    def order(self) -> str:
        """Hash of the images in the order they were read: what a split's indices depend on."""
        return self.identity.order


DataSource = str | Path | Dataset
"""A known name, a path, or a dataset that was read, which is then read in the same way."""


def data_values(data: DataSource) -> dict[str, Any]:
    """The settings by address with which a recipe reads `data`.

    Raises ToileError for arrays, which have no name to be found by.
    """
    return {f"data.{name}": value for name, value in reading_of(data).items()}


def reading_of(data: DataSource) -> dict[str, Any]:
    """The settings of a recipe's `data` by which `data` is read, `name` among them.

    Raises ToileError for arrays, which have no name to be found by.
    """
    if isinstance(data, Dataset):
        return data.reading
    if not isinstance(data, str | Path):
        raise ToileError(
            f"data is of the kind {type(data).__name__}; it is a name, a path or a Dataset, which "
            "toile.Dataset.from_arrays(X, y) makes of arrays"
        )
    return {"name": str(data)}
