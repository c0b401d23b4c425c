"""A run's page put into its folder, unless the run has come to be another meanwhile."""

import os
from pathlib import Path

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.files import sync_folder, write_atomically, writing
from toile.runs.checkpoint import run_version
from toile.runs.state import UNDER_WAY, read_state

PAGE = "report.html"
Version = tuple[str, ...] | None


def page_version(folder: Path) -> Version:
    """A value that changes whenever the run in `folder` is trained on; None while it is."""
    return None if read_state(folder).status in UNDER_WAY else run_version(folder)


def replace_page(folder: Path, page: str, version: Version) -> Path:
    """Replace the page of the run in `folder`; `version` is the state of the run that it shows.

    Raises ToileError, and keeps what is there, where the run was trained on since.
    """
    path = folder / PAGE
    # On disk before the folder is held: a training that begins waits for that a moment only.
    draft = folder / f".page.{os.getpid()}.tmp"
    write_atomically(draft, page.encode())
    try:
        _refuse_if_trained(folder, version)
        if version is None:
            _replace_while_trained(draft, path)
        else:
            with file_lock(folder, wait=False), writing(path):
                _refuse_if_trained(folder, version)
                os.replace(draft, path)
        sync_folder(folder)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _replace_while_trained(draft: Path, path: Path) -> None:
    """Replace the page at `path` of a run that a training holds, which removes it when it ends."""
    with writing(path):
        os.replace(draft, path)
    try:
        _refuse_if_trained(path.parent, None)
    except ToileError:
        # It ended just before, so nothing else would remove this page.
        path.unlink(missing_ok=True)
        raise


def _refuse_if_trained(folder: Path, version: Version) -> None:
    if page_version(folder) != version:
        raise ToileError(
            f"{folder.name} was trained on while its page was written, so that page is not kept; "
            "the training writes another when it ends"
        )
