"""What a source read with some settings is called in the decoded cache."""

import hashlib
import json
from pathlib import Path

from toile.recipe import Data

READING_SETTINGS = {"size_px", "colour", "label_column", "test", "rule", "orientation", "white"}
FORMAT = 4
"""Raised when an entry's files change, so that one of another form is not looked at."""
READER_VERSION = 4
"""Raised when a reader gives other pixels or labels for the same files, to renew the caches."""


def decoded_key(path: Path, files: list[Path], data: Data) -> str:
    """Names the entry for these files, as they are now, read with these settings."""
    settings = data.model_dump(mode="json", include=READING_SETTINGS)
    # The version stands in the key, so a reader that changed finds none of its old entries.
    start = json.dumps([FORMAT, READER_VERSION, str(path.resolve())])
    digest = hashlib.sha256(f"{start[:-1]}, [".encode())
    # Piece by piece: the words of a million files take hundreds of megabytes.
    for number, file in enumerate(files):
        stat = file.stat()
        # Times in whole seconds would miss a file rewritten within one.
        words = json.dumps([str(file), stat.st_size, stat.st_mtime_ns])
        digest.update((", " * bool(number) + words).encode())
    digest.update(f"], {json.dumps(settings, sort_keys=True)}]".encode())
    return digest.hexdigest()[:32]
