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
from dataclasses import dataclass

import numpy as np

from toile.data.images import Images


@dataclass(frozen=True)
class Identity:
    """The three hashes of a dataset, in hex."""

    fingerprint: str
    test_fingerprint: str
    order: str


def image_hashes(images: Images) -> list[bytes]:
    """The 32-byte hash of every image's shape and pixels; labels play no part."""
    # The shape is hashed once and that state copied, so that no image has to be.
    prefix = hashlib.sha256(struct.pack("<3I", *images.shape))
    hashes = []
    for pixels in np.ascontiguousarray(images.pixels):
        image = prefix.copy()
        image.update(pixels)
        hashes.append(image.digest())
    return hashes


def identify(train: Images, test: Images) -> Identity:
    """Hash both parts, as the module's text lays out."""
    train_entries, test_entries = _entries(0, train), _entries(1, test)
    entries = train_entries + test_entries
    return Identity(_digest(sorted(entries)), _digest(sorted(test_entries)), _digest(entries))


def _entries(part: int, images: Images) -> list[bytes]:
    return [
        # Big-endian, so that sorting bytes sorts by class; and native alignment would put three
        # bytes of padding after the part.
        struct.pack(">BI", part, label) + image
        for label, image in zip(images.labels.tolist(), image_hashes(images), strict=True)
    ]


def _digest(entries: list[bytes]) -> str:
    return hashlib.sha256(b"".join(entries)).hexdigest()
