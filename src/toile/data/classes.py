"""The classes of a source: those that occur, and what is refused where its parts differ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from toile.data.images import Images
from toile.data.readers.parts import MAX_CLASSES
from toile.errors import ToileError, did_you_mean


@dataclass(frozen=True, eq=False)
class Classes:
    """The names of the classes, and what each label of the source is called among them."""

    names: tuple[str, ...]
    indices: Int64[np.ndarray, " labels"]

    def renumber(self, images: Images) -> Images:
        """`images` with class indices for labels."""
        return replace(images, labels=self.indices[images.labels])


def classes_of(
    train: Images, test: Images | None, names: tuple[str, ...] | None, rule: int, where: str
) -> Classes:
    """The classes of a source whose training part may hold images out for validation.

    Labels that no image has are no classes, which by the first two of the rules they were. Without
    `names` a class is called by its number. Raises ToileError where another part has a class that
    training has not.
    """
    training, held_out = train.split_held_out()
    labels = {"train": training.labels, "validation": held_out.labels}
    if test is not None:
        labels["test"] = test.labels
    occurring = {part: np.unique(part_labels) for part, part_labels in labels.items()}
    distinct = np.unique(np.concatenate(list(occurring.values())))
    names = names or tuple(map(str, range(int(distinct[-1]) + 1)))
    if rule < 3:
        distinct = np.arange(len(names))
    else:
        _refuse_untrained(occurring, names, where)
    if len(distinct) > MAX_CLASSES:
        raise ToileError(f"{where}: has {len(distinct)} classes; at most {MAX_CLASSES} are read")
    indices = np.zeros(len(names), np.int64)
    indices[distinct] = np.arange(len(distinct))
    return Classes(tuple(names[label] for label in distinct), indices)


def _refuse_untrained(
    labels: dict[str, Int64[np.ndarray, " found"]], names: Sequence[str], where: str
) -> None:
    """A class that is spelt otherwise in another part would be two, neither of which is right."""
    trained = [names[label] for label in labels["train"]]
    for part, part_labels in labels.items():
        untrained = [names[label] for label in part_labels if names[label] not in trained]
        if untrained:
            raise ToileError(
                f"{where}: the {part} part has the class {untrained[0]}, of which there is no "
                "training image; a class has one name in all parts, and images to learn it from: "
                f"rename it, or take it out{nearest_class(untrained[0], trained)}"
            )


def nearest_class(name: str, known: Sequence[str]) -> str:
    """`; did you mean X?` for the class nearest to `name`; case and signs between do not count."""
    alike = {re.sub(r"[\W_]", "", class_name.casefold()): class_name for class_name in known}
    bare = re.sub(r"[\W_]", "", name.casefold())
    if name.isdecimal() or not bare:
        return ""
    return f"; did you mean {alike[bare]}?" if bare in alike else did_you_mean(name, known)
