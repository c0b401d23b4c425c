"""Folders that are called as the parts of a set are, whatever they hold."""

import re

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
