"""Where data may lie on this machine."""

import os
from pathlib import Path

SAMPLE_FOLDER = Path(__file__).parent / "sample"
GLYPHS = Path(__file__).parent / "glyphs" / "digits.png"
ARRAYS = "arrays:"
"""What the names of datasets begin with that were made of arrays."""
CORRECTIONS_FILE = "corrections.csv"
"""What a run's folder calls its copy of the corrected labels that it learnt by."""
DECODING = "decoding-"
DEBIAN_FOLDER = Path("/usr/share/datasets")


def cache_folder() -> Path:
    """The user's cache: `$TOILE_CACHE`, else `toile` in `$XDG_CACHE_HOME` or `~/.cache`."""
    if chosen := os.environ.get("TOILE_CACHE"):
        return Path(chosen).expanduser()
    # `or`, for the XDG Base Directory Specification counts an empty variable as unset.
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "toile"


def decoded_folder() -> Path:
    """Where decoded images are kept, a folder for each source and way of reading it."""
    return cache_folder() / "decoded"


def entry_folder(key: str) -> Path:
    """Where the decoded images of that key are kept."""
    return decoded_folder() / key


def decoding_folder(key: str) -> Path:
    """Where pictures lie that are decoded into files, until all are."""
    return decoded_folder() / f"{DECODING}{key}"


def user_folders(name: str) -> list[Path]:
    """Where `$TOILE_DATA` lets one look for dataset `name`: a subfolder of that name, or itself."""
    chosen = os.environ.get("TOILE_DATA")
    return [Path(chosen).expanduser() / name, Path(chosen).expanduser()] if chosen else []


def arrays_folder(name: str) -> Path:
    """Where the arrays are kept that are called `name`, as `arrays:3f2a9c1d4b07`."""
    return cache_folder() / "arrays" / name.removeprefix(ARRAYS)


def is_arrays(name: str) -> bool:
    """Whether a dataset of that name was made of arrays."""
    # Hexadecimal alone, so that no name leads out of the cache.
    return name.startswith(ARRAYS) and name.removeprefix(ARRAYS).isalnum()
