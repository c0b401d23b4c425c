"""Names of folders and files that stand for a part of a set."""

import re

from toile.errors import ToileError

_WORD = re.compile(r"[^\W_]+")
# Spellings on Kaggle and elsewhere: Train, training_set, seg_train, test1, val-images.
_PART = re.compile(
    r"(?:seg|images?|imgs?|data|dataset|my)?"
    r"(?P<part>training|train|testing|test|validation|valid|val|dev)"
    r"(?:set|data|dataset|images?|imgs?|pictures?|photos?)?\d*"
)


def part_of(folder: str) -> str | None:
    """train, validation or test if `folder` is such a name; None for any other name."""
    match = _PART.fullmatch(re.sub(r"[\W_]", "", folder.casefold()))
    if match is None:
        return None
    word = match["part"]
    return "train" if word.startswith("train") else "test" if word.startswith("t") else "validation"


def part_in_words(name: str, where: str) -> str | None:
    """The part that a word anywhere in `name` stands for: imagenet1k-validation-07.

    Raises ToileError, which begins with `where`, for a name with two parts.
    """
    named = {part for word in _WORD.findall(name) if (part := part_of(word))}
    if len(named) > 1:
        raise ToileError(
            f"{where}: has two parts in its name, {' and '.join(sorted(named))}; rename it with one"
        )
    return next(iter(named), None)
