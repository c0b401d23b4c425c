"""The plan of an unfinished network: the layers that work, and what is wrong after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toile.errors import ToileError
from toile.recipe.layers.network import read_layers
from toile.recipe.plan import LayerPlan, plan_layers, plan_network


@dataclass(frozen=True)
class PartialPlan:
    """The layers that work. `problem` says why the one at `index` does not, or, without an index,
    why they are no network together; it is empty where nothing is wrong.
    """

    layers: tuple[LayerPlan, ...]
    problem: str = ""
    index: int | None = None


def plan_as_far(entries: Sequence[Any], shape: tuple[int, int, int], classes: int) -> PartialPlan:
    """The plan of a document's layers on pictures of `shape` (c, h, w), as far as they work."""

    def planned(num: int) -> tuple[LayerPlan, ...]:
        return plan_layers(read_layers(list(entries[:num]), "network"), shape, classes)

    # The first `works` layers do, the first `fails` do not; what is wrong stays so however many
    # follow, so halving finds it.
    works, fails = 0, len(entries) + 1
    layers: tuple[LayerPlan, ...] = ()
    problem = ""
    num = len(entries)
    while fails - works > 1:
        try:
            layers, works = planned(num), num
        except ToileError as error:
            problem, fails = str(error), num
        num = (works + fails) // 2
    if fails <= len(entries):
        return PartialPlan(layers, problem, works)
    if not layers:
        return PartialPlan((), "network is empty; it ends with flatten and dense: classes")
    try:
        plan_network(tuple(plan.layer for plan in layers), shape, classes)
    except ToileError as error:
        return PartialPlan(layers, str(error))
    return PartialPlan(layers)
