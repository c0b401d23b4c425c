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
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import UInt8

from toile.data.images import Images, chunk_slices

ENTRY_BYTES = 37
PIECE_IMAGES = 1 << 16


@dataclass(frozen=True)
class Identity:
    """The three hashes of a dataset, in hex."""

    fingerprint: str
    test_fingerprint: str
    order: str


def image_hashes(images: Images) -> list[bytes]:
    """The 32-byte hash of every image's shape and pixels; labels play no part."""
    return list(_each_hash(images))


def identify(train: Images, test: Images) -> Identity:
    """Hash both parts, as the module's text lays out."""
    parts = [_entries(0, train), _entries(1, test)]
    order = _digest(parts)
    for entries in parts:
        # As opaque bytes, which NumPy compares as such; in place.
        entries.view(f"V{ENTRY_BYTES}")[:, 0].sort()
    # The part comes first in an entry, so that sorted parts lie sorted one behind the other.
    return Identity(_digest(parts), _digest(parts[1:]), order)


def _each_hash(images: Images) -> Iterator[bytes]:
    # The shape is hashed once and that state copied, so that no image has to be.
    prefix = hashlib.sha256(struct.pack("<3I", *images.shape))
    for piece in chunk_slices(images.pixels):
        for pixels in np.ascontiguousarray(images.pixels[piece]):
            image = prefix.copy()
            image.update(pixels)
            yield image.digest()


def _entries(part: int, images: Images) -> UInt8[np.ndarray, "n 37"]:
    """Entries as rows of one array: as objects those of ten million images took gigabytes."""
    entries = np.empty((len(images), ENTRY_BYTES), np.uint8)
    entries[:, 0] = part
    # Big-endian, so that sorting bytes sorts by class.
    entries[:, 1:5] = images.labels.astype(">u4").view(np.uint8).reshape(-1, 4)
    hashes = _each_hash(images)
    for start in range(0, len(images), PIECE_IMAGES):
        piece = b"".join(islice(hashes, PIECE_IMAGES))
        entries[start : start + PIECE_IMAGES, 5:] = np.frombuffer(piece, np.uint8).reshape(-1, 32)
    return entries


def _digest(parts: list[UInt8[np.ndarray, "_ 37"]]) -> str:
    digest = hashlib.sha256()
    for entries in parts:
        digest.update(entries.data)
    return digest.hexdigest()
