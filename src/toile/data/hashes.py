"""Eight bytes by which a picture is recognised, whatever its name, size or colour here.

Each image of a source has two, both of what was there before `data.size_px` and `data.colour`:

* of its file: the first eight bytes of the sha256 of the file's bytes;
* of its pixels: the same of an image hash (`fingerprint.py`) at full size, upright, as one channel
  where all channels are the same.

An image that has no file of its own, as a row of an array, has the hash of its pixels twice.
"""

import hashlib
import io
import struct

import numpy as np
from jaxtyping import Bool, UInt8, UInt64

from toile.data.mapped_pixels import AnyPixels

PictureHashes = UInt64[np.ndarray, "n 2"]
HashSet = UInt64[np.ndarray, " _"]
"""The hashes of many pictures, each once and sorted."""


def file_hash(stream: io.BufferedReader | io.BytesIO) -> int:
    """The hash of a file's bytes, read from its beginning; it is left there."""
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha256").digest()
    stream.seek(0)
    return int.from_bytes(digest[:8])


def pixel_hash(pixels: UInt8[np.ndarray, "c h w"]) -> int:
    """The hash of a picture's pixels: a copy saved in another format without loss has the same."""
    if len(pixels) == 3 and (pixels[0] == pixels[1]).all() and (pixels[0] == pixels[2]).all():
        pixels = pixels[:1]
    digest = hashlib.sha256(struct.pack("<3I", *pixels.shape))
    digest.update(pixels.tobytes())
    return int.from_bytes(digest.digest()[:8])


def picture_hashes(
    pixels: UInt8[np.ndarray, "c h w"], stream: io.BufferedReader | io.BytesIO | None = None
) -> HashSet:
    """The hashes of one picture: of its pixels, and of its file where it has one."""
    hashes = [pixel_hash(pixels)] + ([] if stream is None else [file_hash(stream)])
    return np.unique(np.array(hashes, np.uint64))


def array_hashes(pixels: AnyPixels) -> PictureHashes:
    """The hashes of images that have no files of their own."""
    hashes = np.array([pixel_hash(image) for image in pixels], np.uint64)
    return np.stack([hashes, hashes], axis=1)


def is_known(hashes: PictureHashes, among: HashSet) -> Bool[np.ndarray, " n"]:
    """Which images have either of their `hashes` in `among`."""
    return np.asarray(are_in(hashes, among).any(axis=1))


def are_in(hashes: UInt64[np.ndarray, "*shape"], among: HashSet) -> Bool[np.ndarray, "*shape"]:
    """Which of `hashes` are in `among`."""
    if not len(among):
        return np.zeros(hashes.shape, np.bool_)
    if (among[1:] < among[:-1]).any():
        # It may come of a file; a search in one that is not sorted would let sealed pictures by.
        among = np.unique(among)
    # Not np.isin, which goes over all of `among` for one picture: .4 ms of a service's answer.
    indices = np.minimum(np.searchsorted(among, hashes), len(among) - 1)
    return np.asarray(among[indices] == hashes)
