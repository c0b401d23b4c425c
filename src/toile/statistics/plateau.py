"""Where a rise or fall along numeric levels flattens out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from toile.statistics.pairs import Pair


@dataclass(frozen=True)
class Plateau:
    """The levels, as they grow, from which on nothing more is gained or lost.

    From `unseen_from` on no two levels are told apart by more than the margin, which is no proof
    that they are equal; from `same_from` on all are shown the same within it. None where that
    holds for no two levels.
    """

    unseen_from: str | None
    same_from: str | None

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return dict(vars(self))


def find_plateau(names: Sequence[str], pairs: Sequence[Pair]) -> Plateau:
    """The plateau of levels named by numbers, in any order."""
    growing = sorted(names, key=float)
    by_levels = {frozenset((pair.a, pair.b)): pair for pair in pairs}

    def first_of(flat: Callable[[Pair], bool]) -> str | None:
        """The least level all of whose followers are flat with it and with each other."""
        start = len(growing) - 1
        while start and all(
            flat(by_levels[frozenset((growing[start - 1], follower))])
            for follower in growing[start:]
        ):
            start -= 1
        return growing[start] if start < len(growing) - 1 else None

    return Plateau(
        first_of(lambda pair: pair.within_margin or pair.verdict in ("same", "undecided")),
        first_of(lambda pair: pair.within_margin or pair.verdict == "same"),
    )
