"""The same picture met more than once, in a line each: by file, or by number in its part."""

from dataclasses import dataclass

from toile.data.description import Description


@dataclass(frozen=True)
class RepeatedPictures:
    """`within` a part, `across` parts, and `under_two` classes; `num_leaks` in train and in test.

    What stands under two classes is not said again as repeated within its part.
    """

    within: tuple[str, ...]
    across: tuple[str, ...]
    under_two: tuple[str, ...]
    num_leaks: int


def repeated_pictures(description: Description) -> RepeatedPictures:
    """Each picture of `description` that is there more than once, in a line."""
    parts = description.parts
    conflicting = {
        occurrence[:2] for conflict in description.conflicts for occurrence in conflict.occurrences
    }
    return RepeatedPictures(
        within=tuple(
            " = ".join(part.called(index) for index in group) + f" in {name}"
            for name, part in parts.items()
            for group in part.duplicates
            if (name, group[0]) not in conflicting
        ),
        across=tuple(
            " = ".join(
                f"{part.called(index)} in {name}"
                for name, part in parts.items()
                for index in getattr(overlap, name)
            )
            for overlap in description.overlaps
        ),
        under_two=tuple(
            " = ".join(
                f"{parts[part].called(index)} as {description.class_names[label]}"
                for part, index, label in conflict.occurrences
            )
            for conflict in description.conflicts
        ),
        num_leaks=sum(bool(each.train and each.test) for each in description.overlaps),
    )
