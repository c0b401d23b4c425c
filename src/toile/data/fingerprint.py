"""What a dataset is, in 64 hex digits: the same images under the same labels, however stored.

The byte layout is fixed; changing it orphans every ledger and run that names a fingerprint.

* image hash: sha256 over c, h, w as three little-endian uint32, then the c*h*w pixel bytes, row by
  row, channel by channel;
* entry, 37 bytes: one byte for the part (0 train, 1 test), the class index as big-endian uint32,
  the image hash;
* fingerprint: sha256 over all entries of both parts, sorted as bytes;
* test fingerprint: the same over the test part's entries alone;
* order: sha256 over all entries unsorted, train first, as they were read.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from jaxtyping import Bool, UInt8, UInt64

from toile.data.hashes import pixel_hash
from toile.data.images import Images, chunk_slices

ENTRY_BYTES = 37
PIECE_IMAGES = 1 << 13


@dataclass(frozen=True)
class Identity:
    """The three hashes of a dataset, in hex."""

    fingerprint: str
    test_fingerprint: str
    order: str


def image_hashes(images: Images) -> list[bytes]:
    """The 32-byte hash of every image's shape and pixels; labels play no part."""
    return [image for image, _ in _each_hash(images)]


def identify(train: Images, test: Images) -> Identity:
    """Hash both parts, as the module's text lays out."""
    return hash_parts(train, test)[0]


def hash_parts(train: Images, test: Images) -> tuple[Identity, Images, Images]:
    """The same, and both parts with their `read_pixel_hashes`: all of them read once."""
    parts, hashed = [], []
    for part, images in enumerate((train, test)):
        entries, pixel_hashes = _entries(part, images)
        parts.append(entries)
        hashed.append(replace(images, read_pixel_hashes=pixel_hashes))
    order = _digest(parts)
    for entries in parts:
        # As opaque bytes, which NumPy compares as such; in place.
        entries.view(f"V{ENTRY_BYTES}")[:, 0].sort()
    # The part comes first in an entry, so that sorted parts lie sorted one behind the other.
    return Identity(_digest(parts), _digest(parts[1:]), order), hashed[0], hashed[1]


def _each_hash(images: Images) -> Iterator[tuple[bytes, int]]:
    """The hash of each image, and `pixel_hash` of it, which is most often its first eight bytes."""
    # The shape is hashed once and that state copied, so that no image has to be.
    prefix = hashlib.sha256(struct.pack("<3I", *images.shape))
    for piece in chunk_slices(images.pixels):
        pictures = np.ascontiguousarray(images.pixels[piece])
        for pixels, is_grey in zip(pictures, _are_grey_in_colour(pictures), strict=True):
            image = prefix.copy()
            image.update(pixels)
            digest = image.digest()
            yield digest, pixel_hash(pixels) if is_grey else int.from_bytes(digest[:8])


def _are_grey_in_colour(pixels: UInt8[np.ndarray, "n c h w"]) -> Bool[np.ndarray, " n"]:
    """Which pictures have three channels that are all the same."""
    if pixels.shape[1] != 3:
        return np.zeros(len(pixels), np.bool_)
    return np.asarray((pixels[:, :1] == pixels[:, 1:]).all(axis=(1, 2, 3)))


def _entries(
    part: int, images: Images
) -> tuple[UInt8[np.ndarray, "n 37"], UInt64[np.ndarray, " n"]]:
    """Entries as rows of one array, and pixel hashes.

    As objects those of ten million images took gigabytes.
    """
    pixel_hashes = np.empty(len(images), np.uint64)
    entries = np.empty((len(images), ENTRY_BYTES), np.uint8)
    entries[:, 0] = part
    # Big-endian, so that sorting bytes sorts by class.
    entries[:, 1:5] = images.labels.astype(">u4").view(np.uint8).reshape(-1, 4)
    hashes = _each_hash(images)
    for start in range(0, len(images), PIECE_IMAGES):
        piece = list(islice(hashes, PIECE_IMAGES))
        digests = b"".join(image for image, _ in piece)
        rows = slice(start, start + PIECE_IMAGES)
        entries[rows, 5:] = np.frombuffer(digests, np.uint8).reshape(-1, 32)
        pixel_hashes[rows] = [pixels for _, pixels in piece]
    return entries, pixel_hashes


def _digest(parts: list[UInt8[np.ndarray, "_ 37"]]) -> str:
    digest = hashlib.sha256()
    for entries in parts:
        digest.update(entries.data)
    return digest.hexdigest()
