"""Data: sources, readers, fingerprint, split and description, with NumPy alone.

It speaks uint8 images (n, c, h, w), int64 labels (n,), and a test part that stays sealed.
"""

from toile.data.catalogue import known_shape
from toile.data.dataset import Dataset, Skipped
from toile.data.describe import Description, PartDescription, describe
from toile.data.duplicates import Overlap
from toile.data.images import Images
from toile.data.load import load_data
from toile.data.sealed import Sealed
from toile.data.sources import Source, list_sources
from toile.data.split import Split, split_data, validation_count
from toile.data.statistics import Margins, PixelStatistics, pixel_statistics

__all__ = [
    "Dataset",
    "Description",
    "Images",
    "Margins",
    "Overlap",
    "PartDescription",
    "PixelStatistics",
    "Sealed",
    "Skipped",
    "Source",
    "Split",
    "describe",
    "known_shape",
    "list_sources",
    "load_data",
    "pixel_statistics",
    "split_data",
    "validation_count",
]
