"""Tensors in memory that several processes share."""

import mmap
import os
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

ALIGNED = 64
"""Bytes. torch aligns its tensors so too, and the bits of some of its kernels depend on it."""


class TensorSpec(NamedTuple):
    """Shape, strides and dtype of a tensor, without gaps in memory."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, tensor: Tensor) -> "TensorSpec":
        """The spec of `tensor`."""
        return cls(tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes from its beginning to where the next tensor may begin."""
        count = torch.Size(self.shape).numel()
        return -(-count * self.dtype.itemsize // ALIGNED) * ALIGNED


def shared_file(specs: Sequence[TensorSpec]) -> int:
    """The descriptor of a file without a name, for tensors of these specs.

    Every process that has the descriptor sees them. Raises OSError where memory does not suffice.
    """
    return _file_of(sum(spec.nbytes for spec in specs))


def shared_bytes(content: bytes) -> int:
    """A file without a name that holds `content`, for `read_shared` in another process."""
    descriptor = _file_of(len(content))
    with mmap.mmap(descriptor, len(content)) as memory:
        memory[:] = content
    return descriptor


def read_shared(descriptor: int) -> bytes:
    """The content that `shared_bytes` wrote."""
    # Length 0 maps the full file. Reading it would move the offset of all who have it open.
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as memory:
        return memory[:]


def _file_of(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("toile")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, size)
        if hasattr(os, "posix_fallocate"):
            # Without allocation a process is killed at its first write when memory runs out.
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def shared_tensors(descriptor: int, specs: Sequence[TensorSpec]) -> list[Tensor]:
    """The tensors in a shared file; each keeps its memory alive, which outlives the descriptor."""
    memory = mmap.mmap(descriptor, sum(spec.nbytes for spec in specs))
    tensors, offset = [], 0
    for spec in specs:
        count = torch.Size(spec.shape).numel()
        flat = torch.frombuffer(memory, dtype=spec.dtype, count=count, offset=offset)
        tensors.append(flat.as_strided(spec.shape, spec.stride))
        offset += spec.nbytes
    return tensors
