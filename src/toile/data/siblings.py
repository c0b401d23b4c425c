"""Other parts of a set that lie beside the one that was named."""

import os
from pathlib import Path

from toile.data.readers.part_names import part_of


def sibling_parts(path: Path) -> list[str]:
    """What lies beside `path` and is by its name another part of one set; nothing where none does.

    A table called as a folder is belongs to it: `train.csv` to `train`.
    """
    named_part = part_of(_stem(path.name))
    if named_part is None:
        return []
    try:
        names = sorted(os.listdir(path.absolute().parent))
    except OSError:
        return []
    parts = {name: part_of(_stem(name)) for name in names if name != path.name}
    return [name for name, part in parts.items() if part is not None]


def above(path: Path) -> str:
    """The folder above `path`, as it may be named."""
    return str(path.parent if path.parent.name else path.absolute().parent)


def _stem(name: str) -> str:
    return name.partition(".")[0]
