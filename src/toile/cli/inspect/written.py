"""The files of an inspection; paths that cannot be written are refused beforehand."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toile.cli.files import refuse_existing
from toile.errors import ToileError
from toile.files import write_atomically

if TYPE_CHECKING:
    import numpy as np


def refuse_written(out: Path | None, values: Path | None, force: bool) -> None:
    """Raise ToileError if `out` cannot be a figure's file, or `values` a file of arrays."""
    if out is not None:
        from toile.report import SUFFIXES

        refuse_existing(out, force)
        if out.suffix not in SUFFIXES:
            raise ToileError(
                f"--out {out} ends in {out.suffix!r}; a figure is drawn as {' or '.join(SUFFIXES)}"
            )
    if values is not None:
        refuse_existing(values, force)
        if values.suffix != ".npz":
            raise ToileError(
                f"--values {values} ends in {values.suffix!r}; its name has to end in .npz"
            )


def write_values(path: Path, arrays: Mapping[str, "np.ndarray"]) -> None:
    """Write named arrays as a .npz file, completely or not at all."""
    import numpy as np

    written = io.BytesIO()
    np.savez_compressed(written, **dict(arrays))  # type: ignore[arg-type]
    write_atomically(path, written.getvalue())
