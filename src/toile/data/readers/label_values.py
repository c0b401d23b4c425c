"""Labels as people write them (numbers or names), converted to class indices."""

import re
from collections.abc import Iterable, Sequence

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


def refuse_mixed(shards: Iterable[tuple[str, Labels]], where: str) -> None:
    """Refuse shards, by name, of which some have numbers for labels and others names.

    Each class would be two. A shard of texts that has both is a set of such names, as digits and
    signs are.
    """
    numbered: tuple[str, str] | None = None
    names: list[tuple[str, str, bool]] = []
    is_typed = False
    for shard, labels in shards:
        texts = list(map(str, labels.tolist()))
        words = [text for text in texts if not WHOLE_NUMBER.fullmatch(text)]
        is_typed |= labels.dtype.kind == "i"
        if words:
            names.append((shard, words[0], len(words) == len(texts)))
        elif texts:
            numbered = numbered or (shard, texts[0])
    names = [entry for entry in names if is_typed or entry[2]]
    if numbered is not None and names:
        raise ToileError(
            f"{where}: {numbered[0]} has numbers for labels, {numbered[1]} among them, and "
            f"{names[0][0]} names, {names[0][1]:.40} among them, and nothing says which number is "
            "which name; write all shards with numbers, or all with names"
        )


def _refuse_empty(labels: Labels, where: str) -> None:
    if any(not str(name).strip() for name in labels):
        raise ToileError(f"{where}: has an empty label; every image has a class")
