"""The error of a damaged file; apart from `tensors`, so that a listing of runs needs no NumPy."""

from toile.errors import ToileError


class CorruptFile(ToileError):
    """A file whose content is not what was written."""
