"""Writing files so that a crash at any moment leaves the old content or the new, never neither."""

import errno
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.migrations import versioned


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: temp file, fsync, rename, fsync of the folder.

    Raises ToileError where the disk is full or the folder cannot be written.
    """
    # In the same folder, since a rename is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            # Without this a power cut may undo the rename, though the content is on disk.
            sync_folder(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system refuses while `path` is written becomes a ToileError."""
    try:
        yield
    except OSError as error:
        raise ToileError(
            f"{path} cannot be written: {error.strerror}; what was there before is kept"
        ) from error


def rename_new(temporary: Path, path: Path) -> None:
    """Give `temporary` the name `path`. Raises FileExistsError where that is there, however new.

    os.rename would replace a file that came after the last look.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A disk without hard links, such as FAT: an empty file claims the name.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.replace(temporary, path)
    else:
        temporary.unlink()


def write_all(file: io.FileIO, content: bytes) -> None:
    """Write `content` to a file opened without a buffer, which may take a part of it at a time."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def disk_is_full(error: BaseException | None) -> bool:
    """Whether it came to `error` because a disk, or one's share of it, is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Replace `path` by `record` as JSON that says its version; what is not finite becomes null."""
    write_atomically(path, json_bytes(versioned(path.name, record)))


def json_bytes(record: dict[str, Any]) -> bytes:
    """The content of a JSON file; a number that is not finite becomes null."""
    return (json.dumps(finite(record), indent=1) + "\n").encode()


def sync_folder(folder: Path) -> None:
    """Make what was renamed or created in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def finite(value: Any) -> Any:
    """`value` with every number that JSON cannot hold replaced by None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not (float("-inf") < value < float("inf")):
        return None
    return value
