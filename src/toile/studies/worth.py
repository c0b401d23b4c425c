"""What each augmentation of a recipe is worth: taken away or added in turn, as levels of a study.

The study compares all its levels as any other does; here the pairs with the recipe as it is are
said of the augmentation by itself.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toile.errors import not_one_of
from toile.recipe import Recipe, read_recipe
from toile.statistics import Finding, Pair, Verdict
from toile.studies.spec import Alternative

AS_IT_IS = "as it is"
WITHOUT, WITH = "without ", "with "
GROUPS = ("augmentation",)
ADDRESS = "augmentation."
USUAL: dict[str, Any] = {
    "shift": 2,
    "flip": "random",
    "rotate": 10.0,
    "shear": 10.0,
    "zoom": 0.1,
    "brightness": 0.2,
    "noise": 0.05,
    "erase": 8,
}
"""What is added of an augmentation that the recipe has not; lengths are for 28 px a side."""
USUAL_SIDE_PX = 28
IN_PIXELS = ("shift", "erase")


@dataclass(frozen=True)
class Worth:
    """What `setting` is worth: accuracy with it less without it, with its interval.

    `value`, `low` and `high` are fractions; `finding` says whether it is better with it, worse, the
    same within the margin, or undecided. `was_there` where the recipe has it; else `added` says at
    which strength it was added.
    """

    setting: str
    was_there: bool
    added: Any
    value: float
    low: float
    high: float
    finding: Finding

    @property
    def sentence(self) -> str:
        """`shift, which it has: +0.80 points (+0.30 to +1.30), better with it`."""
        has = "which it has" if self.was_there else f"added at {self.added}"
        ends = f"{100 * self.value:+.2f} points"
        if not math.isnan(self.low):
            ends += f" ({100 * self.low:+.2f} to {100 * self.high:+.2f})"
        words = {
            "better": "better with it",
            "worse": "worse with it",
            "same": "the same within the margin",
            "undecided": "undecided",
        }[self.finding]
        return f"{self.setting}, {has}: {ends}, {words}"


def worth_levels(
    recipe: str | Path | Recipe, group: str, side_px: int
) -> dict[str, dict[str, Any]]:
    """The levels of a study of what each augmentation is worth, settings by address.

    `recipe` (a preset's name, a file or a Recipe) as it is, without each that it has, and with each
    that it has not, at a usual strength for pictures of `side_px` a side. Raises ToileError for a
    `group` of settings without any.

        >>> levels = toile.worth_levels("s1-lab", "augmentation", 28)
        >>> levels["with shift"]
        {'augmentation.shift': 2}
    """
    if group not in GROUPS:
        raise not_one_of("worth", group, GROUPS)
    recipe = read_recipe(recipe)
    off = type(recipe.augmentation)()
    levels: dict[str, dict[str, Any]] = {AS_IT_IS: {}}
    for name, usual in USUAL.items():
        address, default = f"{group}.{name}", getattr(off, name)
        if getattr(recipe.augmentation, name) != default:
            levels[WITHOUT + name] = {address: default}
        elif name in IN_PIXELS:
            levels[WITH + name] = {address: max(1, round(usual * side_px / USUAL_SIDE_PX))}
        else:
            levels[WITH + name] = {address: usual}
    return levels


def worths(verdict: Verdict | None, levels: Mapping[str, Alternative]) -> list[Worth]:
    """What each augmentation is worth by the verdict on such `levels`; none of other levels."""
    if verdict is None or AS_IT_IS not in levels or levels[AS_IT_IS].set:
        return []
    changed = {
        name: next(iter(level.set.items()))
        for name, level in levels.items()
        if len(level.set) == 1 and level.recipe is None
    }
    settings = {
        name: value
        for name, (address, value) in changed.items()
        if name in (f"{word}{address.removeprefix(ADDRESS)}" for word in (WITHOUT, WITH))
    }
    return [
        _worth(pair, verdict, settings[name])
        for pair in verdict.pairs
        if AS_IT_IS in (pair.a, pair.b)
        if (name := pair.b if pair.a == AS_IT_IS else pair.a) in settings
    ]


def _worth(pair: Pair, verdict: Verdict, setting: Any) -> Worth:
    changed = pair.b if pair.a == AS_IT_IS else pair.a
    was_there = changed.startswith(WITHOUT)
    # A pair is of its first level less its second.
    is_reversed = (pair.a == AS_IT_IS) != was_there
    ends = (pair.difference, pair.low, pair.high)
    # Less than 0.0 and not -x, which of no difference would be -0.00.
    value, low, high = (0 - pair.difference, 0 - pair.high, 0 - pair.low) if is_reversed else ends
    finding = pair.verdict
    if is_reversed and finding in ("better", "worse"):
        finding = "worse" if finding == "better" else "better"
    unit = verdict.unit
    return Worth(
        changed.removeprefix(WITHOUT if was_there else WITH),
        was_there,
        None if was_there else setting,
        value / unit,
        low / unit,
        high / unit,
        finding,
    )
