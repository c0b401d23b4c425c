"""Arrays and texts of an HDF5 file that someone else made.

HDF5 has links into other files, arrays that are views of other files, and arrays that claim any
size: CVE-2026-1669, CVE-2026-12480 and CVE-2026-0897 read other people's files and took petabytes
through Keras that way. Here a name leads along hard links alone, to an array that lies in the file.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from toile.distribution import extra_packages
from toile.errors import ToileError

H5_BEGINNING = b"\x89HDF\r\n\x1a\n"
MOST_BYTES = 1 << 30
"""Of one file's arrays together, as they are in memory."""
MOST_RATIO = 100
"""How many times larger than stored an array may be."""
MOST_NODES = 100_000


class Hdf5File:
    """A file in memory. Raises ToileError for what is damaged or reaches outside."""

    def __init__(self, content: bytes, source: str) -> None:
        with extra_packages("export"):
            import h5py  # type: ignore[import-untyped]
        self._h5py, self.source = h5py, source
        self._bytes = 0
        with self._refusals():
            self._file = h5py.File(io.BytesIO(content), "r")

    def attribute(self, path: str, name: str) -> Any:
        """An attribute of the group at `path`; None where there is none."""
        with self._refusals():
            return self._at(path).attrs.get(name)

    def members(self, path: str) -> list[str]:
        """The names in the group at `path`."""
        with self._refusals():
            group = self._at(path)
            if not isinstance(group, self._h5py.Group):
                raise ToileError(f"{self.source} is damaged: {path} is no group")
            if len(group) > MOST_NODES:
                raise ToileError(f"{self.source}: {path} has {len(group):,} members")
            return list(group)

    def has(self, path: str) -> bool:
        """Whether something is at `path`."""
        with self._refusals():
            group, _, name = path.rpartition("/")
            return name in self._at(group)

    def array(self, path: str) -> np.ndarray:
        """The array at `path`, in float32."""
        with self._refusals():
            dataset = self._at(path)
            if not isinstance(dataset, self._h5py.Dataset):
                raise ToileError(f"{self.source} is damaged: {path} is no array")
            if dataset.is_virtual or dataset.external:
                raise ToileError(
                    f"{self.source}: the array {path} lies in another file; nothing was read. "
                    "Save the model anew, whole"
                )
            if dataset.dtype.kind == "V":
                raise ToileError(
                    f"{self.source}: {path} is not in a kind of numbers that HDF5 itself knows, "
                    "most likely in bfloat16; save the model with its weights in float32"
                )
            if dataset.dtype.kind != "f":
                raise ToileError(
                    f"{self.source}: {path} has {dataset.dtype}, and weights are fractions; import "
                    "the model as it was before it was quantized"
                )
            num_bytes = math.prod(dataset.shape) * max(dataset.dtype.itemsize, 4)
            stored = dataset.id.get_storage_size()
            self._bytes += num_bytes
            if self._bytes > MOST_BYTES or num_bytes > MOST_RATIO * max(stored, 4096):
                raise ToileError(
                    f"{self.source}: {path} claims {num_bytes:,} bytes and has {stored:,}; at most "
                    f"{MOST_RATIO} times as many, and {MOST_BYTES:,} in all, are read"
                )
            return np.asarray(dataset[()], np.float32)

    def _at(self, path: str) -> Any:
        node = self._file
        for name in filter(None, path.split("/")):
            link = node.get(name, getlink=True)
            if link is None:
                raise ToileError(f"{self.source} is damaged: it has no {path}")
            if not isinstance(link, self._h5py.HardLink):
                raise ToileError(
                    f"{self.source}: {path} is a link to another place or file; nothing was read. "
                    "Save the model anew, whole"
                )
            node = node[name]
        return node

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except (
            OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError,
            OverflowError,
        ) as error:  # fmt: skip
            raise ToileError(f"{self.source} is damaged: {error!s:.80}") from None
