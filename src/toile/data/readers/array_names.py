"""What an array or a table holds by its name: images or labels, and of which part."""

import re
from dataclasses import dataclass

PARTS = {
    **dict.fromkeys(("train", "training", "tra", "tr"), "train"),
    **dict.fromkeys(("test", "testing", "tes", "t10k"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}
IMAGES = ("images", "image", "imgs", "img", "pictures", "x", "pixels", "features", "inputs", "data")
LABELS = ("labels", "label", "lbls", "y", "targets", "target", "classes")
KINDS = dict.fromkeys(IMAGES, "images") | dict.fromkeys(LABELS, "labels")
TOGETHER = re.compile(r"(x|y)_?(train|test|val|valid)|(train|test|val|valid)_?(x|y)")
WORD = re.compile(r"t10k|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


@dataclass(frozen=True)
class Role:
    """What a name says. `part` is empty where it names none, `kind` where neither is named.

    `set_words` are what else stands in the name, as `k49` in k49-train-imgs; `rank` tells the
    plainer of two names for one thing, which is the lower.
    """

    part: str
    kind: str
    set_words: tuple[str, ...]
    rank: int


def role_of(name: str) -> Role:
    """What `name` says, in any of the spellings that people use: x_train, X_train, trainX."""
    words: list[str] = []
    for word in WORD.findall(name):
        together = TOGETHER.fullmatch(word.lower())
        words += [group for group in together.groups() if group] if together else [word.lower()]
    parts = [PARTS[word] for word in words if word in PARTS]
    kinds = [word for word in words if word in KINDS]
    set_words = tuple(
        word for word in words if word not in PARTS and word not in KINDS and word != "set"
    )
    kind = KINDS[kinds[0]] if kinds else ""
    rank = list(KINDS).index(kinds[0]) if kinds else 0
    return Role(parts[0] if parts else "", kind, set_words, rank)
