"""How much memory this process may use, and from how many bytes on pixels are left in a file."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from toile.errors import ToileError

VARIABLE = "TOILE_MEMORY"
UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
FRACTION = 4
"""Of memory, the part that the pixels of a dataset may take."""
FEW = 16
"""Of memory, the part that images picked out of a larger dataset may take."""


def most_pixel_bytes() -> int:
    """The most bytes that the pixels of a dataset may have to be held in memory: a quarter."""
    return memory_bytes() // FRACTION


def is_large(num_bytes: int) -> bool:
    """Whether a dataset's pixels, of so many bytes in all, stay in a file instead of memory."""
    return num_bytes > most_pixel_bytes()


def most_picked_bytes() -> int:
    """The most bytes that pixels picked out of a larger dataset may have to be held in memory."""
    return memory_bytes() // FEW


def memory_bytes(root: Path = Path("/")) -> int:
    """The memory that this process may use: what is least of all that limits it.

    That is the machine's memory, the limits of the control groups (cgroup v2 and v1) it is in, and
    its own limit of data (`ulimit -d`). `TOILE_MEMORY` says otherwise, as in TOILE_MEMORY=4GB.
    `root` is where the files of the system begin.
    """
    if chosen := os.environ.get(VARIABLE):
        return _bytes_of(chosen)
    return min([_machine_bytes(), *_group_limits(root), *_own_limit()])


def _bytes_of(words: str) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B?)\s*", words, re.IGNORECASE)
    unit = match[2].upper().removesuffix("B") if match else ""
    num_bytes = float(match[1]) * UNITS[unit and f"{unit}B"] if match else 0.0
    if not 1 <= num_bytes <= sys.maxsize:
        raise ToileError(
            f"{VARIABLE} is {words[:40]!r}; it is the memory to count with, in bytes or with a "
            f"unit, as in {VARIABLE}=4GB"
        )
    return int(num_bytes)


def _machine_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize  # a system that does not tell


def _own_limit() -> list[int]:
    if sys.platform == "win32":
        return []
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return [] if soft == resource.RLIM_INFINITY else [soft]


def _group_limits(root: Path) -> Iterator[int]:
    """The limits of this process's control groups and of those they lie in."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if "memory" in controllers.split(","):
            yield from _limits_in(mounted / "memory", group, ("memory.limit_in_bytes",))
        elif number == "0" and not controllers:
            # Beside version 1 the tree of version 2 lies in a folder of its own.
            for top in (mounted, mounted / "unified"):
                yield from _limits_in(top, group, ("memory.max", "memory.high"))


def _limits_in(top: Path, group: str, names: tuple[str, ...]) -> Iterator[int]:
    """The limits of `group` and all above it; in a container `top` itself may be that group."""
    parts = [part for part in group.split("/") if part not in ("", "..")]
    for depth in range(len(parts) + 1):
        for name in names:
            try:
                words = top.joinpath(*parts[:depth], name).read_text().strip()
            except (OSError, UnicodeDecodeError):
                continue
            # Version 2 writes `max` where there is none, version 1 a number beyond all memory.
            if words.isdecimal():
                yield int(words)
