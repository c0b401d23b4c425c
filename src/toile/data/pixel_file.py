"""Arrays for pixels that are being read: in memory, or in a file where they are more than that."""

import errno
import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from toile.data.locations import decoded_folder
from toile.data.memory import is_large, memory_bytes
from toile.errors import ToileError

MOST_OF_FREE = 0.9
BLOCK_BYTES = 512
"""What POSIX counts the blocks of a file in."""


def new_pixels(shape: tuple[int, ...]) -> UInt8[np.ndarray, "*shape"]:
    """An array of `shape` to be filled: in memory, or in a file without a name in the cache.

    In a file where it alone has more bytes than pixels may take of memory. Raises ToileError where
    the disk has no room for it.
    """
    num_bytes = math.prod(shape)
    if not is_large(num_bytes):
        return np.empty(shape, np.uint8)
    folder = decoded_folder()
    with room_for(num_bytes, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            reserve(file.fileno(), num_bytes)
            memory = mmap.mmap(file.fileno(), num_bytes)
    return np.frombuffer(memory, np.uint8).reshape(shape)


def reserve(descriptor: int, num_bytes: int) -> None:
    """Make a file that long, its blocks on the disk reserved; OSError where there are too few.

    Unreserved, a disk that runs full would kill the process that writes through a map. A tenth of
    what is free is left to what else is written there.
    """
    disk = os.fstatvfs(descriptor)
    missing = num_bytes - os.fstat(descriptor).st_blocks * BLOCK_BYTES
    if disk.f_blocks and missing > disk.f_bavail * disk.f_frsize * MOST_OF_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.ftruncate(descriptor, num_bytes)
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, num_bytes)


@contextmanager
def room_for(num_bytes: int, folder: Path) -> Iterator[None]:
    """What the system refuses while a file is made in `folder` for pixels becomes a ToileError."""
    try:
        yield
    except OSError as error:
        raise ToileError(
            f"{folder}: the {num_bytes} bytes of pixels cannot be kept there ({error.strerror}); "
            f"they are more than a quarter of the memory, {memory_bytes()} bytes, so that they go "
            "to a file; make room, or set TOILE_CACHE to a folder on a larger disk"
        ) from error
