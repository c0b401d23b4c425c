"""A folder written by one process at a time: studies may start several that all want the data."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Wait until no other process holds `folder`, and hold it. The lock goes with the process.

    On Windows nothing is held; files are verified and put in place whole there too.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
