"""Errors of the system and of click, for all commands, in our words."""

import errno
import re
from collections.abc import Sequence
from typing import Any

import typer

from toile.cli.terminal import plain

SHOWN = 40
# Typer 0.29 includes its own copy of click, 0.19 uses the package; this works with both.
UsageRefused: Any = typer.BadParameter.__mro__[2]
"""click's class of usage errors: an unknown command, an option without its value and so on."""


PLAINLY = {
    r"\.? \(Possible options: (.*?)\)": r"; did you mean \1?",
    r"\.? Did you mean (.*)\?": r"; did you mean \1?",
    r"Invalid value for '?([-\w]+)[^:]*:": r"\1:",
    r"Input should be a valid integer.*|'.*' is not a valid int(eger)?( range)?": (
        "it has to be a whole number"
    ),
    r"Input should be a valid number.*|'.*' is not a valid float( range)?": "it has to be a number",
    r"Input should be greater than or equal to": "it goes from",
    r"Input should be less than or equal to": "it goes up to",
    r"Input should be": "it is",
    r"Value error, ('.*') is not one of (.*)": r"is \1; it is one of \2",
    r"('.*') is not one of (.*)": r"is \1; it is one of \2",
    r"^(-[-\w]+): is ": r"\1 is ",
    r"(\S+) is not in the range (\S+)<=x<=(\S+)": r"is \1; it goes from \2 to \3",
    r"(\S+) is not in the range x>=(\S+)": r"is \1; it goes from \2",
}
"""Patterns of click's and pydantic's messages, and our words for them."""


def usage_words(error: Any, typed: Sequence[str]) -> str:
    """click's `error` in the form of our other errors.

    Line ends inside the `typed` arguments are escaped.
    """
    message = str(error.format_message())
    if error.ctx is not None and message == error.ctx.get_help():
        return message  # `toile` alone
    # The longest first, since one word may contain another.
    parts = {part for word in typed for part in (word, word.partition("=")[2])}
    for part in sorted(parts, key=len, reverse=True):
        if not part.isprintable():
            message = message.replace(part, plain(part))
    for pattern, plainly in PLAINLY.items():
        message = re.sub(pattern, plainly, message)
    refusal = _with_value(message.strip().rstrip("."), typed)
    asks = "" if error.ctx is None else f"; see {error.ctx.command_path} --help"
    return f"toile: {refusal[:1].lower()}{refusal[1:]}{asks}"


def _with_value(refusal: str, typed: Sequence[str]) -> str:
    """`--reach is 2; it goes up to 1` for `--reach: it goes up to 1`."""
    option, _, rule = refusal.partition(": it ")
    if not rule:
        return refusal
    for index, word in enumerate(typed):
        name, equals, value = word.partition("=")
        if name == option and (equals or index + 1 < len(typed)):
            return f"{option} is {plain(value if equals else typed[index + 1])}; it {rule}"
    return refusal


def refusal_words(error: OSError) -> str | None:
    """The message of `error`; None if a user cannot mend it, so that it is a bug of ours."""
    if error.errno == errno.ENAMETOOLONG:
        name = plain(str(error.filename))
        shown = name if len(name) <= SHOWN else f"{name[:SHOWN]}..."
        return (
            f"{shown} has {len(name)} letters, which is more than this system allows in a path; a "
            "folder's or file's name has at most 255"
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            "this process may not open as many files as it needs; allow more, for example with "
            "ulimit -n 1024, and run the command again"
        )
    return None
