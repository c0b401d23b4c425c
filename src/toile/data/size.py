"""How much data there is, without reading it where that is known."""

from dataclasses import dataclass

from toile.data.catalogue import KNOWN
from toile.data.conform import requested_shape
from toile.data.load import load_data
from toile.data.readers.parts import Progress
from toile.data.split import split_data, validation_count
from toile.recipe import Data


@dataclass(frozen=True)
class DataSize:
    """Shape (c, h, w) of a picture, number of classes, and of pictures to train on."""

    shape: tuple[int, int, int]
    classes: int
    num_training: int


def known_data_size(settings: Data) -> DataSize | None:
    """The size of a dataset known by name, in the pixels and colour asked for; else None."""
    known = KNOWN.get(settings.name)
    if known is None:
        return None
    n = known.num_images[0]
    held_out, _ = validation_count(n, settings)
    return DataSize(requested_shape(known.shape, settings), len(known.class_names), n - held_out)


def data_size(settings: Data, progress: Progress | None = None) -> DataSize:
    """The size of the data that `settings` name, validation held out; read only where not known.

    Raises ToileError where it cannot be read.
    """
    if (known := known_data_size(settings)) is not None:
        return known
    dataset = load_data(settings, progress=progress)
    # By the split itself, which leaves copies of validation images out.
    split = split_data(dataset.train, settings)
    return DataSize(dataset.shape, len(dataset.class_names), len(split.train))
