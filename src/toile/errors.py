"""The one kind of error a user can cause, and the nearest name to a misspelt one."""

import difflib
from collections.abc import Iterable


class ToileError(Exception):
    """Something the user can put right.

    The message says which field or file, the value got, the rule, and the next step where one
    helps. A door prints it without a traceback and exits with 2; a bug shows its traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the known name nearest to `word`, or nothing when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""
