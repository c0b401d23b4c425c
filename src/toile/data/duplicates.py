"""Images that are pixel for pixel the same, within a part and across the two."""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Overlap:
    """One image that is in both parts, by its indices in each."""

    train: tuple[int, ...]
    test: tuple[int, ...]


def duplicate_groups(hashes: list[bytes]) -> tuple[tuple[int, ...], ...]:
    """Indices of images that are the same, in groups of two or more, by first occurrence."""
    return tuple(group for group in _groups(hashes).values() if len(group) > 1)


def overlaps(train: list[bytes], test: list[bytes]) -> tuple[Overlap, ...]:
    """Images found in both parts, by first occurrence in training."""
    in_train, in_test = _groups(train), _groups(test)
    return tuple(Overlap(in_train[image], in_test[image]) for image in in_train if image in in_test)


def _groups(hashes: list[bytes]) -> dict[bytes, tuple[int, ...]]:
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, image in enumerate(hashes):
        groups[image].append(index)
    return {image: tuple(indices) for image, indices in groups.items()}
