"""Tensors in memory that several processes see."""

import mmap
import os
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

ALIGNED = 64
"""Bytes; torch's own begin at such places too, which some of its kernels' bits depend on."""


class TensorSpec(NamedTuple):
    """Shape, strides and dtype of a tensor, without gaps in memory."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, tensor: Tensor) -> "TensorSpec":
        """That of `tensor`."""
        return cls(tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes it takes, up to where the next may begin."""
        numbers = torch.Size(self.shape).numel()
        return -(-numbers * self.dtype.itemsize // ALIGNED) * ALIGNED


def shared_file(specs: Sequence[TensorSpec]) -> int:
    """A file without a name, for tensors of these specs; whoever has its descriptor sees them.

    Raises OSError where there is no room for them.
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
    # The length of the whole file; reading would move the place of everyone who has it open.
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
            # Memory that is only promised ends a process at the first write where there is none.
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def shared_tensors(descriptor: int, specs: Sequence[TensorSpec]) -> list[Tensor]:
    """The tensors in such a file; each keeps the memory, which outlives the descriptor."""
    memory = mmap.mmap(descriptor, sum(spec.nbytes for spec in specs))
    tensors, offset = [], 0
    for spec in specs:
        count = torch.Size(spec.shape).numel()
        flat = torch.frombuffer(memory, dtype=spec.dtype, count=count, offset=offset)
        tensors.append(flat.as_strided(spec.shape, spec.stride))
        offset += spec.nbytes
    return tensors
