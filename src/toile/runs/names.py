"""Which run a user means: by its name, a part of it, or `last`."""

import re
from collections.abc import Sequence

from toile.errors import ToileError

# A point only before a digit, as in lr0.01: what ends like a file, as the ledger does, is no run.
NAME = re.compile(r"(?!last$)[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[0-9])){0,100}")
"""A name that can be given, and that a bundle may bring."""
RUN_ID = re.compile(r"\d{8}-\d{6}-(?P<recipe>.+)-[0-9a-f]{4}")


def steps_back(name: str) -> int | None:
    """0 for `last`, 1 for `last~1`, the one before it; None for a name."""
    match = re.fullmatch(r"last(?:~(\d{1,4}))?", name)
    return None if match is None else int(match[1] or 0)


def counted_back(name: str, newest_first: Sequence[str], where: str) -> str:
    """The one that `last` or `last~N` means. Raises ToileError where there are too few."""
    back = steps_back(name)
    assert back is not None
    if back >= len(newest_first):
        have = f"has {len(newest_first)}" if newest_first else "has none yet"
        raise ToileError(f"{name} goes back further than {where}, which {have}")
    return newest_first[back]


def meant_by(name: str, names: Sequence[str]) -> list[str]:
    """The ones of `names` that `name` may mean; an exact name before a part of one.

    A run's id holds the name of its recipe, by which it may be called, and ends with four letters,
    the shortest thing to type.
    """
    recipes = {
        candidate: match["recipe"] for candidate in names if (match := RUN_ID.fullmatch(candidate))
    }
    rules = (
        lambda candidate: candidate == name,
        lambda candidate: recipes.get(candidate) == name,
        lambda candidate: (
            candidate.startswith(name) or (candidate in recipes and candidate.endswith(f"-{name}"))
        ),
        lambda candidate: recipes.get(candidate, "").startswith(name),
    )
    fitting = ([candidate for candidate in names if name and rule(candidate)] for rule in rules)
    return next(filter(None, fitting), [])
