"""Labels as people write them (numbers or names), converted to class indices."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, Shaped

from toile.data.readers.class_order import order_classes
from toile.data.readers.parts import MAX_CLASSES
from toile.errors import ToileError

Labels = Shaped[np.ndarray, " _"]
PLUS_MINUS = [-1, 1]
WHOLE_NUMBER = re.compile(r"-?\d+")


def class_indices(
    parts: Sequence[Labels], where: str
) -> tuple[list[Int64[np.ndarray, " _"]], tuple[str, ...] | None]:
    """The labels of all parts as class indices, and the class names if the labels are names.

    Integers stay as they are, except the pair -1 and 1, since -1 is no index. Names are sorted as
    the names of folders are: numbers by size, others by the alphabet.
    """
    if all(part.dtype.kind == "i" for part in parts):
        distinct = np.unique(np.concatenate([np.unique(part) for part in parts]))
        if distinct.tolist() != PLUS_MINUS:
            return [part.astype(np.int64) for part in parts], None
    texts = [part.astype(str) for part in parts]
    distinct = np.unique(np.concatenate([np.unique(part) for part in texts]))
    if len(distinct) > MAX_CLASSES:
        raise ToileError(
            f"{where}: has {len(distinct)} different labels, {distinct[0]!s:.40} and "
            f"{distinct[1]!s:.40} among them; at most {MAX_CLASSES} classes are read"
        )
    _refuse_empty(distinct, where)
    order = order_classes(map(str, distinct))
    index_of = {name: index for index, name in enumerate(order)}
    indices = np.array([index_of[str(name)] for name in distinct], np.int64)
    return [indices[np.searchsorted(distinct, part)] for part in texts], tuple(order.values())


def note_mixed(shards: Sequence[tuple[str, Labels]], where: str) -> list[str]:
    """A sentence where some shards have whole numbers for labels and others names.

    Each shard has its name and its distinct labels. Raises ToileError where the numbers may be the
    indices of the names, so that each class would be two: integers by their type, all from 0 to
    k - 1 or from 1 to k, where k is the number of names or, if greater, of integers. Digits in a
    text are text, as in a set of digits and letters that is sorted by its classes.
    """
    integers: set[int] = set()
    texts: set[str] = set()
    for _, labels in shards:
        (integers if labels.dtype.kind == "i" else texts).update(labels.tolist())
    numbered: list[tuple[str, str]] = []
    named: list[tuple[str, str]] = []
    for shard, labels in shards:
        words = [text for text in map(str, labels.tolist()) if not WHOLE_NUMBER.fullmatch(text)]
        if not words:
            numbered.append((shard, str(labels[0])))
        elif integers or len(words) == len(labels):
            named.append((shard, words[0]))
    if not numbered or not named:
        return []
    mixture = (
        f"{numbered[0][0]} has numbers for labels, {numbered[0][1]} among them, and {named[0][0]} "
        f"names, {named[0][1]:.40} among them"
    )
    k = max(len(integers), len(texts))
    # A shard may lack some classes, so fewer than k integers may be indices as well.
    if integers and (integers <= set(range(k)) or integers <= set(range(1, k + 1))):
        raise ToileError(
            f"{where}: {mixture}, and nothing says which number is which name; write all shards "
            "with numbers, or all with names"
        )
    return [f"{mixture}: each is a class of its own"]


def _refuse_empty(labels: Labels, where: str) -> None:
    if any(not str(name).strip() for name in labels):
        raise ToileError(f"{where}: has an empty label; every image has a class")
