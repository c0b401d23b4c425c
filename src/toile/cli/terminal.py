"""The only way to the terminal: all output of commands is written and escaped here.

Names of classes, files, levels and runs, also in errors, may come from anywhere: from a zip, a
bundle or an exported file. They must not control the terminal by control characters, by characters
that change the direction of writing, or as rich's markup (`console.py`).
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
    """How much is printed besides the result: nothing with `-q`, also times with `-v`."""

    quiet: bool = False
    verbose: bool = False


volume = Volume()
"""The volume of the running command; `main` resets it."""


def plain(text: str) -> str:
    r"""`text` as one line that cannot control a terminal: `\x1b` and the like are escaped."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def plain_lines(text: str) -> str:
    """`text` with its line ends kept and each line made plain."""
    return "\n".join(map(plain, text.split("\n")))


def columns(err: bool = False) -> int | None:
    """The number of letters in a line of the terminal; None if the output is no terminal."""
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
    """`line` broken between words if it is too long; text after a label keeps its indent.

    The row of a table, which has several wide gaps, stays as it is.
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
            # A name longer than the line is not broken, so that it can be pasted.
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def say(text: str, err: bool = False, as_it_is: bool = False) -> None:
    """Print `text`, on the error stream if `err`.

    A terminal gets long sentences on several lines, except with `as_it_is`, for the text of a
    file. Callers make names inside `text` plain first: a name with a line end would look like a
    line of ours.
    """
    output, width = plain_lines(text), columns(err)
    if width is not None and not as_it_is:
        output = "\n".join(wrapped(line, width) for line in output.split("\n"))
    typer.echo(output, err=err)


def tell(text: str) -> None:
    """Print a message that is not the result on the error stream; nothing with -q."""
    if not volume.quiet:
        say(text, err=True)


def hint(text: str, as_json: bool = False) -> None:
    """Suggest a next command, if a person reads the output on a terminal."""
    if text and not as_json and sys.stdout.isatty():
        tell(text)


def say_json(record: Any) -> None:
    """Print JSON on one line, the last of the output; numbers that are not finite become null."""
    # All but ASCII is escaped as \u, so that no control character is left.
    typer.echo(json.dumps(finite(record)))


def ask(question: str) -> None:
    """Continue if the user answers yes; otherwise the command ends."""
    typer.confirm(plain_lines(question), abort=True)


def ask_text(question: str) -> str:
    """The line that the user types, without surrounding blanks."""
    answer = typer.prompt(plain_lines(question), default="", show_default=False, err=True)
    return str(answer).strip()
