"""The one kind of error a user can cause, and the nearest name to a misspelt one."""

import difflib
import os
from collections.abc import Iterable


class ToileError(Exception):
    """Something the user can put right.

    The message says which field or file, the value got, the rule, and the next step where one
    helps. A door prints it without a traceback and exits with 2; a bug shows its traceback.

        >>> try:
        ...     toile.train("quick", epochs=-1)
        ... except toile.ToileError as error:
        ...     print(error)
        training.epochs is -1; it goes from 0 to 10000
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the known name nearest to `word`, or nothing when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def not_one_of(setting: str, value: str, known: Iterable[str]) -> ToileError:
    """`SETTING is VALUE; it is one of X, Y; did you mean X?`, for a value that is none of them."""
    names = list(known)
    return ToileError(
        f"{setting} is {value}; it is one of {', '.join(names)}{did_you_mean(value, names)}"
    )


def did_you_mean_file(path: str | os.PathLike[str]) -> str:
    """`; did you mean X?` for the file in its folder most like `path`: of `a.yml` `a.yaml`."""
    folder, name = os.path.split(os.fspath(path))
    try:
        siblings = [entry.name for entry in os.scandir(folder or ".") if entry.is_file()]
    except (OSError, ValueError):
        return ""
    # The same name with another ending is nearer than any other spelling.
    stem = os.path.splitext(name)[0]
    alike = [sibling for sibling in siblings if stem and os.path.splitext(sibling)[0] == stem]
    near = sorted(alike) or difflib.get_close_matches(name, siblings, n=1, cutoff=0.8)
    return f"; did you mean {os.path.join(folder, near[0])}?" if near else ""
