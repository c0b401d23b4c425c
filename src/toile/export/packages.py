"""The packages of the extra `export`, which may not be installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from toile.errors import ToileError

PACKAGES = ("h5py", "onnx", "onnxruntime", "onnxscript")


@contextmanager
def extra_packages() -> Iterator[None]:
    """Imports inside the block; one that is missing becomes a ToileError with the line to type."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise ToileError(
            f"{error.name} is not installed, which this needs: pip install 'toile[export]'"
        ) from None
