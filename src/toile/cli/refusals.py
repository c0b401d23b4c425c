"""What the system or the reading of words refuses whatever the command is, in words."""

import errno
import io
from collections.abc import Sequence
from typing import Any

import typer

from toile.cli.terminal import plain

SHOWN = 40
# Typer 0.29 brings a click of its own, 0.19 takes the package: both are found by this.
UsageRefused: Any = typer.BadParameter.__mro__[2]
"""All that click refuses: a word that is no command, an option without its value."""


def usage_words(error: Any, typed: Sequence[str]) -> str:
    """What click says of `error`; of the words that were `typed` none makes a line of its own."""
    shown = io.StringIO()
    error.show(file=shown)
    said = shown.getvalue().rstrip("\n")
    # The longest first: one word may hold another.
    parts = {part for word in typed for part in (word, word.partition("=")[2])}
    for part in sorted(parts, key=len, reverse=True):
        if not part.isprintable():
            said = said.replace(part, plain(part))
    return said


def refusal_words(error: OSError) -> str | None:
    """What to say of `error`; None where it is no user's to put right, and so a fault of ours."""
    if error.errno == errno.ENAMETOOLONG:
        name = plain(str(error.filename))
        shown = name if len(name) <= SHOWN else f"{name[:SHOWN]}..."
        return (
            f"{shown} has {len(name)} letters, which is more than this system allows in a path; a "
            "folder's or file's name has at most 255"
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            "this process may not open as many files as it needs; allow it more, as in "
            "ulimit -n 1024, and give the command again"
        )
    return None
