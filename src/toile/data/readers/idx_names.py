"""The letters that EMNIST's labels stand for, from the mapping next to its files."""

from pathlib import Path

MAX_MAPPING_BYTES = 1 << 16


def mapping_file(images: Path, prefix: str) -> Path | None:
    """The mapping next to a set whose file names begin with `prefix`, if there is one."""
    file = images.parent / f"{prefix}mapping.txt"
    return file if prefix and file.is_file() else None


def read_mapping(file: Path, num_labels: int) -> tuple[str, ...] | None:
    """The character of each label. A line has a label and the codes of one or two letters.

    A label without a line is named by its number. None if the file is no such mapping.
    """
    if file.stat().st_size > MAX_MAPPING_BYTES:
        return None
    try:
        rows = [list(map(int, line.split())) for line in file.read_text().splitlines() if line]
        # If a capital and a small letter are one class, the capital comes first.
        letters = {number: chr(code) for number, code, *_ in rows}
    except (ValueError, OverflowError):
        return None
    if not letters:
        return None
    names = tuple(letters.get(label, str(label)) for label in range(num_labels))
    is_plain = all(name.isprintable() and name.strip() for name in names)
    return names if is_plain and len(set(names)) == len(names) else None
