"""Data: sources, readers, fingerprint, split and description, with NumPy alone.

It speaks uint8 images (n, c, h, w), int64 labels (n,), and a test part that stays sealed.
"""

from toile.data.arrays import pixels_of_array
from toile.data.augmented_set import (
    most_variants,
    parent_name,
    refuse_existing,
    write_augmented_set,
)
from toile.data.catalogue import known_shape
from toile.data.corrections import (
    CORRECTIONS_FILE,
    MAX_CORRECTION_BYTES,
    Correction,
    Corrections,
    corrected_labels,
    corrections_text,
    read_corrections,
)
from toile.data.dataset import Dataset, DataSource, Skipped, data_values
from toile.data.description import Description, PartDescription, describe
from toile.data.duplicates import Overlap
from toile.data.facts import DataFacts, data_facts, portable
from toile.data.features import (
    Appearance,
    FeatureRange,
    Framing,
    appearance,
    foreground_boxes,
    mass_centres,
    picture_features,
)
from toile.data.greys import Extremes, Greys, find_greys, to_bytes
from toile.data.hashes import (
    HashSet,
    PictureHashes,
    are_in,
    array_hashes,
    is_known,
    picture_hashes,
)
from toile.data.images import Images, chunk_slices
from toile.data.load import (
    UNREAD,
    arrays_data,
    is_here,
    load_data,
    load_here,
    names_files,
    no_progress,
)
from toile.data.locations import ARRAYS
from toile.data.mapped_pixels import AnyPixels, MappedPixels, select_pixels
from toile.data.memory import most_pixel_bytes
from toile.data.outline import class_outline
from toile.data.principal_components import Novelty, novelty
from toile.data.readers.augmented_npz import AugmentedSet
from toile.data.readers.part_names import part_of
from toile.data.readers.parts import Progress
from toile.data.readers.picture import Picture, deep_picture, picture_of, read_picture
from toile.data.readers.zip_file import DAMAGED, FREE_BYTES, open_zip, unpack
from toile.data.relabel import (
    check_corrections,
    extended,
    name_corrections,
    suspected_corrections,
)
from toile.data.repeated import RepeatedPictures, repeated_pictures
from toile.data.sealed import Sealed
from toile.data.size import DataSize, data_size, known_data_size
from toile.data.sources import Source, list_sources
from toile.data.split import (
    Split,
    draw_stratified,
    resolved_data,
    split_data,
    validation_count,
)
from toile.data.statistics import (
    BORDER_TOLERANCE,
    Margins,
    PixelStatistics,
    is_foreground,
    pixel_statistics,
)

__all__ = [
    "ARRAYS",
    "BORDER_TOLERANCE",
    "CORRECTIONS_FILE",
    "DAMAGED",
    "FREE_BYTES",
    "MAX_CORRECTION_BYTES",
    "UNREAD",
    "AnyPixels",
    "Appearance",
    "AugmentedSet",
    "Correction",
    "Corrections",
    "DataFacts",
    "DataSize",
    "DataSource",
    "Dataset",
    "Description",
    "Extremes",
    "FeatureRange",
    "Framing",
    "Greys",
    "HashSet",
    "Images",
    "MappedPixels",
    "Margins",
    "Novelty",
    "Overlap",
    "PartDescription",
    "Picture",
    "PictureHashes",
    "PixelStatistics",
    "Progress",
    "RepeatedPictures",
    "Sealed",
    "Skipped",
    "Source",
    "Split",
    "appearance",
    "are_in",
    "array_hashes",
    "arrays_data",
    "check_corrections",
    "chunk_slices",
    "class_outline",
    "corrected_labels",
    "corrections_text",
    "data_facts",
    "data_size",
    "data_values",
    "deep_picture",
    "describe",
    "draw_stratified",
    "extended",
    "find_greys",
    "foreground_boxes",
    "is_foreground",
    "is_here",
    "is_known",
    "known_data_size",
    "known_shape",
    "list_sources",
    "load_data",
    "load_here",
    "mass_centres",
    "most_pixel_bytes",
    "most_variants",
    "name_corrections",
    "names_files",
    "no_progress",
    "novelty",
    "open_zip",
    "parent_name",
    "part_of",
    "picture_features",
    "picture_hashes",
    "picture_of",
    "pixel_statistics",
    "pixels_of_array",
    "portable",
    "read_corrections",
    "read_picture",
    "refuse_existing",
    "repeated_pictures",
    "resolved_data",
    "select_pixels",
    "split_data",
    "suspected_corrections",
    "to_bytes",
    "unpack",
    "validation_count",
    "write_augmented_set",
]
