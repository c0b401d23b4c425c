"""Folders that are called as the parts of a set are, whatever they hold."""

import re

from toile.errors import ToileError

_WORD = re.compile(r"[^\W_]+")
# Kaggle's and other people's spellings: Train, training_set, seg_train, test1, val-images.
_PART = re.compile(
    r"(?:seg|images?|imgs?|data|dataset|my)?"
    r"(?P<part>training|train|testing|test|validation|valid|val|dev)"
    r"(?:set|data|dataset|images?|imgs?|pictures?|photos?)?\d*"
)


def part_of(folder: str) -> str | None:
    """train, validation or test, if `folder` is called so; None for any other name."""
    match = _PART.fullmatch(re.sub(r"[\W_]", "", folder.casefold()))
    if match is None:
        return None
    word = match["part"]
    return "train" if word.startswith("train") else "test" if word.startswith("t") else "validation"


def part_in_words(name: str, where: str) -> str | None:
    """The part that a word of `name` says, wherever it stands: imagenet1k-validation-07.

    Raises ToileError, beginning with `where`, for a name that says two.
    """
    named = {part for word in _WORD.findall(name) if (part := part_of(word))}
    if len(named) > 1:
        raise ToileError(
            f"{where}: is called as two parts, {' and '.join(sorted(named))}; give it the name of "
            "one"
        )
    return next(iter(named), None)
