"""The one door to the terminal: all that commands say goes through here, and is made plain.

Names of classes, files, levels and runs, and what errors quote of them, come from anywhere: from a
zip, a bundle, an exported file. None of it may steer the terminal, by control characters, by what
turns the direction of writing, or as rich's markup (`console.py`).
"""

import json
import os
import re
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import typer

from toile.files import finite

USUAL_WIDTH = 80


@dataclass
class Volume:
    """How much is said beside the result: with `-q` nothing, with `-v` also what takes how long."""

    quiet: bool = False
    verbose: bool = False


volume = Volume()
"""Of the command that runs; `main` sets it back."""


def plain(text: str) -> str:
    r"""`text` as one line that cannot steer a terminal: `\x1b` and its like are written out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def plain_lines(text: str) -> str:
    """`text` with the ends of its lines as they are, and each line plain."""
    return "\n".join(map(plain, text.split("\n")))


def columns(err: bool = False) -> int | None:
    """How many letters a line of the terminal has; None where what is said goes elsewhere."""
    stream = sys.stderr if err else sys.stdout
    if not stream.isatty():
        return None
    setting = os.environ.get("COLUMNS", "")
    if setting.isdecimal() and int(setting):
        return int(setting)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except OSError:
        return USUAL_WIDTH


def wrapped(line: str, width: int) -> str:
    """`line` broken between words where it is longer; what follows a label hangs beside it.

    The row of a table, which has several gaps, stays as it is.
    """
    indent = len(line) - len(line.lstrip(" "))
    gaps = list(re.finditer(" {2,}", line[indent:]))
    if len(line) <= width or len(gaps) > 1:
        return line
    hang = indent + gaps[0].end() if gaps else indent
    if " " not in line[hang:]:
        return line  # A path alone.
    return "\n".join(
        textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * (hang if hang <= width // 2 else indent),
            # A name longer than the line stays whole, or it could not be pasted.
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def say(text: str, err: bool = False, as_it_is: bool = False) -> None:
    """One text on its own line or lines, on the error stream where `err`.

    A terminal gets long sentences on several lines, unless they are to stay `as_it_is`: what is a
    file's text. A name inside it that holds a line's end would look like a line of ours: who writes
    a line round a name makes that `plain` first.
    """
    output, width = plain_lines(text), columns(err)
    if width is not None and not as_it_is:
        output = "\n".join(wrapped(line, width) for line in output.split("\n"))
    typer.echo(output, err=err)


def tell(text: str) -> None:
    """Something beside the result, on the error stream, as how far it is; nothing with -q."""
    if not volume.quiet:
        say(text, err=True)


def hint(text: str, as_json: bool = False) -> None:
    """What may be done next, on one line, for who reads a terminal."""
    if text and not as_json and sys.stdout.isatty():
        tell(text)


def say_json(record: Any) -> None:
    """One JSON object on one line, the last of the output; a number that is not finite is null."""
    # All but ASCII is written as \u escapes, so that no control character is left in it.
    typer.echo(json.dumps(finite(record)))


def ask(question: str) -> None:
    """Go on if the answer is yes; else the command ends."""
    typer.confirm(plain_lines(question), abort=True)


def ask_text(question: str) -> str:
    """The line that is answered, without blanks round it; nothing where the answer is empty."""
    answer = typer.prompt(plain_lines(question), default="", show_default=False, err=True)
    return str(answer).strip()
