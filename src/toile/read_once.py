"""What was made of files, kept in memory until one of them is another file."""

import os
import time
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
Stamp = tuple[int, int, int] | None
# The clock of file systems stands still for up to 10 ms, so that within it a file can be replaced
# by one of the same time and size, and of an inode that was just given back.
SETTLED_NS = 20_000_000


class ReadOnce(Generic[T]):
    """Values by the files that they were made of, the `most` that were asked for last.

    A value is given to all who ask, so it is one that nobody changes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._cache: dict[tuple[str, ...], tuple[tuple[Stamp, ...], Hashable, T]] = {}
        self._lock = Lock()

    def of(
        self,
        files: Sequence[str],
        make: Callable[[], T],
        also: Hashable = None,
        keep: Callable[[T], bool] = lambda value: True,
    ) -> T:
        """What `make` makes of `files`; asked again it costs a stat of each while none changed.

        `also` is what else it is made of. A value that `keep` denies, as one that a process has a
        part in, is made each time.
        """
        key = tuple(files)
        # Before they are read: what is written meanwhile shows when they are asked for again.
        stamps = tuple([stamp(file) for file in key])
        with self._lock:
            record = self._cache.pop(key, None)
            if record is not None and record[0] == stamps and record[1] == also:
                self._cache[key] = record  # As the one asked for last.
                return record[2]
        value = make()
        newest = max((file_stamp[0] for file_stamp in stamps if file_stamp is not None), default=0)
        if keep(value) and time.time_ns() - newest > SETTLED_NS:
            with self._lock:
                self._cache[key] = stamps, also, value
                while len(self._cache) > self._most:
                    del self._cache[next(iter(self._cache))]
        return value


def stamp(file: str) -> Stamp:
    """What tells `file` from one that took its place: time, size and inode; None without one."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
