"""Debian's package of a dataset, unpacked without root: `apt-get download`, then `dpkg-deb -x`."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from toile.data.catalogue import IDX_FILES, Known
from toile.data.fetch import find_file, unpacked_sha256
from toile.data.locations import DEBIAN_FOLDER
from toile.errors import ToileError
from toile.file_lock import file_lock

PATIENCE_SECONDS = 300


def unpack_debian_package(known: Known, target: Path) -> str | None:
    """Bring `known` into folder `target` from its Debian package; why it failed, or None."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "there is no apt-get here"
    assert known.debian_package
    try:
        target.mkdir(parents=True, exist_ok=True)
        # Beside the target, for os.replace moves nothing from one disk to another.
        with tempfile.TemporaryDirectory(dir=target.parent) as temporary, file_lock(target):
            folder = Path(temporary)
            _run("apt-get", "download", known.debian_package, folder=folder)
            # Any other number than one is a ValueError, told below like the other failures.
            (package,) = folder.glob("*.deb")
            _run("dpkg-deb", "-x", str(package), str(folder), folder=folder)
            return _move(folder / DEBIAN_FOLDER.relative_to("/") / known.name, known, target)
    except subprocess.CalledProcessError as failure:
        lines = (failure.stderr or "").strip().splitlines()
        return lines[-1] if lines else f"ended with {failure.returncode}"
    except (subprocess.TimeoutExpired, ToileError, OSError, ValueError) as failure:
        return str(failure)


def _run(*command: str, folder: Path) -> None:
    subprocess.run(  # noqa: S603 (no shell, and no word comes from the user)
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        # A question from apt gets the end of input, not a wait for someone who cannot see it.
        stdin=subprocess.DEVNULL,
    )


def _move(folder: Path, known: Known, target: Path) -> str | None:
    files = [file for name in IDX_FILES if (file := find_file(folder, name))]
    if tuple(map(unpacked_sha256, files)) != known.sha256:
        return "its files are not those expected"
    for file in files:
        os.replace(file, target / file.name)
    return None
