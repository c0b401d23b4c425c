"""A search's settings: what is searched between which ends, for how many trials, and what follows.

Needs no optuna: it says what is to be searched, not how.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from toile.errors import ToileError
from toile.migrations import read_settings, versioned
from toile.recipe import (
    Recipe,
    Settings,
    name_items,
    read_value,
    settings_of,
    with_settings,
    yaml_text,
)
from toile.studies import Count, Source, Study, Values, short_names

MOST_TRIALS = 10_000
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::(log|{_NUMBER}))?")
# Within a range, and whole at neither of two whole ends.
_BETWEEN = 0.38196601


class Search(Settings):
    """What is searched, by how many trials, and how its finalists are read."""

    name: str = Field(
        "search", pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=80, description="Names its folder"
    )
    question: str = Field("", max_length=2000, description="What it is to answer")
    recipe: Source = Field(description="A preset, a file or a recipe's settings")
    set: dict[str, Any] = Field({}, description="Settings held fixed, by address")
    over: dict[str, str | Values] = Field(
        min_length=1,
        description="By address LOW..HIGH, with :log or :STEP behind it, or a list of choices",
    )
    trials: int = Field(50, ge=1, le=MOST_TRIALS, description="Runs that are tried")
    sampler: Literal["tpe", "random"] = Field("tpe", description="How the next trial is chosen")
    pruner: Literal["hyperband", "asha", "none"] = Field(
        "hyperband", description="How bad trials are stopped early"
    )
    finalists: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="The best trials, which are read again with fresh seeds"
    )
    readings: Count = Field(5, description="Readings of each finalist")
    seed: int = Field(
        0, ge=0, lt=2**62, description="Of every trial; the finalists' seeds begin after it"
    )
    margin: float = Field(
        0.005, gt=0, lt=1, description="Differences up to this do not matter; a fraction"
    )

    @property
    def study(self) -> Study:
        """The recipe and what is held fixed, as a study of nothing else."""
        return Study(name=self.name, recipe=self.recipe, set=self.set, readings=1, seed=self.seed)

    @property
    def repeats(self) -> bool:
        """Whether the same trials come again however many are trained at once.

        One at a time they always do.
        """
        return self.sampler == "random" and self.pruner == "none"


@dataclass(frozen=True)
class SearchRange:
    """Every number from `low` to `high`, or every `step`; `log`: as many to 1 as to 10, to 100."""

    low: float
    high: float
    step: float | None
    log: bool
    is_integer: bool

    def setting(self, value: Any) -> Any:
        """What a recipe is given where `value` was picked."""
        return value


@dataclass(frozen=True)
class Choices:
    """Settings by the names they were written as."""

    values: Mapping[str, Any]

    def setting(self, value: Any) -> Any:
        """What a recipe is given where the name `value` was picked."""
        return self.values[value]


Space = Mapping[str, SearchRange | Choices]


def search_of(document: dict[str, Any]) -> Search:
    """The search of a document, which may say an older `version`.

    Raises ToileError naming the setting, the value and the rule.
    """
    return settings_of(Search, read_settings(document, "search.yaml", "the search"))


def search_text(search: Search) -> str:
    """`search` as YAML that reads back as the same search, every setting written."""
    return yaml_text(versioned("search.yaml", search.model_dump(mode="json")))


def parse_over(text: str) -> tuple[str, str | dict[str, Any]]:
    """The address and the range or choices of `ADDRESS=8..128`, `ADDRESS=off,0.2,0.4`."""
    address, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not address or not values:
        raise ToileError(
            f"--over {text!r}: write ADDRESS=LOW..HIGH, as in network.conv1.filters=8..128 or "
            "training.optimizer.sgd.learning_rate=1e-4..1e-1:log, or ADDRESS=V1,V2,..."
        )
    if ".." in values:
        return address, values
    return address, read_value(f"[{values}]", f"--over {address}", name_items)


def search_space(search: Search, base: Recipe) -> Space:
    """What is searched, each end and each choice tried on the recipe `base`.

    Whole numbers alone where the setting takes no others. Raises ToileError naming address, value
    and rule.
    """
    space: dict[str, SearchRange | Choices] = {}
    for address, values in search.over.items():
        if address.split(".")[0] in ("data", "seed"):
            raise ToileError(
                f"over {address}: trials are compared on the same images and with the same seed; "
                "what changes those is varied in a study"
            )
        if isinstance(values, str):
            space[address] = _range(base, address, values)
            continue
        if len(values) < 2:
            raise ToileError(f"over.{address} has one choice; set it with --set, or name another")
        for value in values.values():
            _tried(base, address, value, address)
        space[address] = Choices(values)
    return space


def trial_recipe(base: Recipe, space: Space, values: Mapping[str, Any]) -> Recipe:
    """`base` with `values` picked from `space`. Raises ToileError where they do not go together."""
    return with_settings(base, settings_at(space, values))


def settings_at(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by address that `values` picked from `space` stand for."""
    return {address: searched.setting(values[address]) for address, searched in space.items()}


def most_epochs(base: Recipe, space: Space) -> int:
    """The most epochs a trial may be trained for."""
    match space.get("training.epochs"):
        case SearchRange(high=high):
            return int(high)
        case Choices(values):
            return max(values.values())
    return base.training.epochs


def values_words(values: Mapping[str, Any]) -> str:
    """`filters 97, learning_rate 0.0123`."""
    short = short_names(list(values))
    return ", ".join(f"{short[address]} {value_text(value)}" for address, value in values.items())


def value_text(value: Any) -> str:
    """A picked value, four digits of it where it has many."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _range(base: Recipe, address: str, text: str) -> SearchRange:
    match = _RANGE.fullmatch(text.replace(" ", ""))
    where = f"over {address}={text}"
    if match is None:
        raise ToileError(
            f"{where}: write LOW..HIGH, as in 8..128, 1e-4..1e-1:log or 8..128:8 for every eighth"
        )
    low, high = _number(match[1]), _number(match[2])
    if not low < high:
        rule = f"{where}: a range goes from the lower number to the higher"
        if low == high:
            raise ToileError(f"{rule}; to hold it fixed write --set {address}={match[1]}")
        suffix = f":{match[3]}" if match[3] else ""
        raise ToileError(f"{rule}; write {match[2]}..{match[1]}{suffix}")
    for end in (low, high):
        _tried(base, address, end, where)
    is_integer = not _accepts(base, address, low + _BETWEEN * (high - low))
    log = match[3] == "log"
    if log and low <= 0:
        raise ToileError(f"{where}: logarithms begin above 0, and so does a range with :log")
    step = _step(match[3], high - low, is_integer, where) if match[3] and not log else None
    if step is not None:
        high = low + step * int((high - low) / step + 1e-9)
    return SearchRange(low, high, step, log, is_integer)


def _step(text: str, span: float, is_integer: bool, where: str) -> float:
    step = _number(text)
    if not 0 < step <= span:
        raise ToileError(f"{where}: the step goes from above 0 to {span:g}")
    if is_integer and step != int(step):
        raise ToileError(f"{where}: the setting takes whole numbers, and so does its step")
    return step


def _number(text: str) -> float:
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)


def _tried(base: Recipe, address: str, value: Any, where: str) -> None:
    try:
        with_settings(base, {address: value})
    except ToileError as error:
        raise ToileError(f"{where}: {error}") from None


def _accepts(base: Recipe, address: str, value: float) -> bool:
    try:
        with_settings(base, {address: value})
    except ToileError:
        return False
    return True
