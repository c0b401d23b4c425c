"""A folder written by one process at a time. The lock goes with the process that holds it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from toile.errors import ToileError
from toile.posix import refuse_windows

TRIES = 5
SECONDS_BETWEEN_TRIES = 0.02


@contextmanager
def file_lock(folder: Path, wait: bool = True) -> Iterator[int]:
    """Hold `folder`, waiting until no other process does; without `wait` raise ToileError instead.

    Gives the lock's file descriptor: child processes that inherit it hold the folder too. Raises
    ToileError where the folder cannot be written.
    """
    refuse_windows()
    try:
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise ToileError(
            f"{folder} cannot be written: {error.strerror}; nothing in it was changed"
        ) from error
    with lock:
        _acquire(lock, folder, wait)
        yield lock.fileno()


def is_held(folder: Path) -> bool:
    """Whether a process holds `folder`; True too where this system does not tell."""
    refuse_windows()
    import fcntl

    try:
        if not (folder / ".lock").exists():
            return False
        # Opened for reading, since who only looks need not be allowed to write.
        with (folder / ".lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _acquire(lock: IO[str], folder: Path, wait: bool) -> None:
    import fcntl

    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not left:
                raise ToileError(f"{folder} is in use by another process; wait for it") from None
            # Who asks whether it is held holds it for a moment.
            time.sleep(SECONDS_BETWEEN_TRIES)
        except OSError as error:
            raise ToileError(f"{folder} cannot be locked: {error.strerror}") from error
