"""Images that are pixel for pixel the same: within a part, across parts, and under two labels."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True)
class Overlap:
    """One image that is in more than one part, by its indices in each."""

    train: tuple[int, ...]
    test: tuple[int, ...]
    validation: tuple[int, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """One image that stands under more than one class, by its occurrences: part, index, class."""

    occurrences: tuple[tuple[str, int, int], ...]


def duplicate_groups(hashes: list[bytes]) -> tuple[tuple[int, ...], ...]:
    """Indices of images that are the same, in groups of two or more, by first occurrence."""
    return tuple(group for group in _groups(hashes).values() if len(group) > 1)


def overlaps(
    train: list[bytes], test: list[bytes], validation: list[bytes] | None = None
) -> tuple[Overlap, ...]:
    """Images found in more than one part, by first occurrence in training, then validation."""
    in_train, in_test, in_validation = map(_groups, (train, test, validation or []))
    candidates = (
        Overlap(*(part.get(image, ()) for part in (in_train, in_test, in_validation)))
        for image in dict.fromkeys([*in_train, *in_validation])
    )
    return tuple(
        candidate
        for candidate in candidates
        if sum(map(bool, (candidate.train, candidate.test, candidate.validation))) > 1
    )


def conflicts(
    hashes: dict[str, list[bytes]], labels: dict[str, Int64[np.ndarray, " _"]]
) -> tuple[Conflict, ...]:
    """Images that stand under more than one class in all parts together, by first occurrence."""
    occurrences: defaultdict[bytes, list[tuple[str, int, int]]] = defaultdict(list)
    for part, part_hashes in hashes.items():
        for index, (image, label) in enumerate(
            zip(part_hashes, labels[part].tolist(), strict=True)
        ):
            occurrences[image].append((part, index, label))
    return tuple(
        Conflict(tuple(group))
        for group in occurrences.values()
        if len({label for _, _, label in group}) > 1
    )


def _groups(hashes: list[bytes]) -> dict[bytes, tuple[int, ...]]:
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, image in enumerate(hashes):
        groups[image].append(index)
    return {image: tuple(indices) for image, indices in groups.items()}
