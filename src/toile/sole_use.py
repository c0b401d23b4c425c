"""A folder written by one process at a time. The lock goes with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toile.errors import ToileError
from toile.posix import refuse_windows


@contextmanager
def sole_use(folder: Path, wait: bool = True) -> Iterator[int]:
    """Hold `folder`, waiting until no other process does; without `wait` raise ToileError instead.

    Gives the lock's file descriptor: child processes that inherit it hold the folder too.
    """
    refuse_windows()
    import fcntl

    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToileError(f"{folder} is in use by another process; wait for it") from None
        yield lock.fileno()
