"""Fetching a known dataset's four files: resumed after a cut, verified, put in place whole."""

import gzip
import hashlib
import http.client
import os
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from toile.data.catalogue import IDX_FILES, Known
from toile.data.readers.parts import Progress
from toile.errors import ToileError
from toile.file_lock import file_lock

PATIENCE_SECONDS = 4.0
"""For connecting and for each read: a machine without a network falls through in seconds."""
# Fashion-MNIST's four files are 31 MB together; 60,000 images of 28 x 28 px unpack to 47 MB.
MAX_FILE_BYTES = 64 << 20
MAX_UNPACKED_BYTES = 256 << 20
CHUNK_BYTES = 1 << 16
MAX_CUTS = 5
"""Cuts in a row that brought nothing new before a mirror is given up."""


class FetchFailed(Exception):
    """This mirror did not give the file; the message says why, for the list of places tried."""


def holds(folder: Path, known: Known) -> bool:
    """Whether `folder` has the four files and the test labels are those of `known`.

    MNIST and Fashion-MNIST have the same file names; the smallest file tells them apart.
    """
    files = [file for name in IDX_FILES if (file := find_file(folder, name))]
    # Files that are made here are made again if one of them is damaged.
    checked = range(len(IDX_FILES)) if known.is_synthetic else [-1]
    return len(files) == len(IDX_FILES) and all(
        unpacked_sha256(files[index]) == known.sha256[index] for index in checked
    )


def find_file(folder: Path, name: str) -> Path | None:
    """`name` in `folder`, plain or as .gz."""
    return next((f for f in (folder / name, folder / f"{name}.gz") if f.is_file()), None)


def unpacked_sha256(file: Path) -> str | None:
    """Hash of the file's content, decompressed; None if it is damaged or absurdly large."""
    digest, num_bytes = hashlib.sha256(), 0
    try:
        with gzip.open(file) if ".gz" in file.suffixes else file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                num_bytes += len(chunk)
                if num_bytes > MAX_UNPACKED_BYTES:
                    return None
    except (OSError, EOFError, zlib.error):
        return None
    return digest.hexdigest()


def fetch_from(mirror: str, known: Known, folder: Path, progress: Progress) -> str | None:
    """Bring the missing files of `known` from one mirror into `folder`; why it failed, or None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file_lock(folder):
            for name, sha256 in zip(IDX_FILES, known.sha256, strict=True):
                if not (folder / f"{name}.gz").exists():
                    fetch_file(f"{mirror}{name}.gz", folder / f"{name}.gz", sha256, progress)
    except (FetchFailed, ToileError, OSError) as reason:
        return str(reason)
    return None


def fetch_file(url: str, target: Path, sha256: str, progress: Progress) -> None:
    """Fetch `url` to `target`, going on where an earlier try was cut.

    `sha256` is of the decompressed content. What is not verified stays under another name, and
    goes when it is complete and wrong.
    """
    # One part file for each mirror: two mirrors may have compressed the same content differently.
    part = target.with_name(f"{target.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")
    cuts = 0
    while cuts < MAX_CUTS:
        before = part.stat().st_size if part.exists() else 0
        try:
            _go_on(url, part, progress)
            break
        except (http.client.HTTPException, ConnectionError, TimeoutError) as cut:
            if not part.exists() or part.stat().st_size <= before:
                cuts += 1
            last_cut = cut
        # No connection, or a refusal such as 404: asking again hardly helps, another mirror may.
        except urllib.error.URLError as failure:
            raise FetchFailed(str(failure.reason)) from None
    else:
        raise FetchFailed(f"the connection was cut {MAX_CUTS} times in a row ({last_cut!r})")
    actual = unpacked_sha256(part)
    if actual != sha256:
        part.unlink()
        raise FetchFailed(
            f"{target.name} has sha256 {actual or 'unreadable'}, which should be {sha256}"
        )
    os.replace(part, target)


def _go_on(url: str, part: Path, progress: Progress) -> None:
    """Append what is missing to `part`; raises where the connection ends before the file does."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    # Addresses come from the catalogue alone, and content is believed by its hash.
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        response = urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as answer:
        if answer.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        # Nothing is left to fetch: the part is whole, and the hash will tell if it is right.
        return
    with response:
        # A server without ranges sends the whole file, from the start.
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        remaining = response.headers.get("Content-Length")
        total = have + int(remaining) if remaining else None
        with part.open("ab" if have else "wb") as stream:
            while chunk := response.read(CHUNK_BYTES):
                have += len(chunk)
                stream.write(chunk)
                progress(have, total, f"bytes of {url}")
                if have > MAX_FILE_BYTES:
                    raise FetchFailed(f"{url} is larger than {MAX_FILE_BYTES} bytes")
    # A read of a given size ends quietly when the connection does; only the count tells.
    if total and have < total:
        raise http.client.IncompleteRead(b"", total - have)
