"""Small changes that make a network work which does not; each is tried before it is offered."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from toile.recipe.arithmetic import shape_text
from toile.recipe.partial import PartialPlan, plan_as_far

Shape = tuple[int, int, int]
Layers = list[Any]
MOST = 4
WINDOWS = {"conv": "kernel", "maxpool": "size", "avgpool": "size"}
FLATTENING = ("flatten", "globalpool", "dense")


@dataclass(frozen=True)
class Mend:
    """What is changed, in a few words, and the layers as a document has them after it."""

    words: str
    layers: Layers


def mends(entries: Sequence[Any], shape: Shape, classes: int) -> tuple[Mend, ...]:
    """Changes of a document's layers, each of which lets the first layer that fails work.

    At most four; those after which nothing is wrong at all come first.
    """
    broken = plan_as_far(entries, shape, classes)
    if not broken.problem:
        return ()
    works: list[tuple[bool, Mend]] = []
    for mend in _candidates(list(entries), broken, shape):
        after = plan_as_far(mend.layers, shape, classes)
        came = len(after.layers) if after.index is None else after.index
        reached = len(broken.layers) if broken.index is None else broken.index
        # With a layer added before it one more has to work; with it removed, the next one has to.
        further = came > reached + max(0, len(mend.layers) - len(entries))
        if not after.problem or (broken.index is not None and further):
            works.append((not after.problem, mend))
    works.sort(key=lambda pair: not pair[0])
    return tuple(mend for _, mend in works[:MOST])


def _candidates(entries: Layers, broken: PartialPlan, shape: Shape) -> Iterator[Mend]:
    if broken.index is None:
        yield from _endings(entries)
        return
    at = broken.index
    kind, fields = _parts(entries[at])
    input_shape = broken.layers[-1].output if broken.layers else shape
    if len(input_shape) == 3:
        yield from _on_pictures(entries, at, input_shape)
    else:
        end = next(i for i, entry in enumerate(entries) if _parts(entry)[0] in FLATTENING)
        moved = [*entries[:end], entries[at], *entries[end:at], *entries[at + 1 :]]
        yield Mend(f"move it before {_parts(entries[end])[0]}", moved)
    if kind == "views":
        yield Mend("move it to the front", [entries[at], *entries[:at], *entries[at + 1 :]])
    for name in fields:
        rest = {field: value for field, value in fields.items() if field != name}
        yield Mend(f"leave {name} as it is by default", _with(entries, at, kind, rest))
    yield Mend("delete it", [*entries[:at], *entries[at + 1 :]])


def _on_pictures(entries: Layers, at: int, input_shape: Sequence[int]) -> Iterator[Mend]:
    kind, fields = _parts(entries[at])
    channels, height, width = input_shape
    side = min(height, width)
    if (window := WINDOWS.get(kind)) is not None:
        yield Mend(
            f"{window} {side}, as large as the {height} x {width} it is given",
            _with(entries, at, kind, {**fields, window: side}),
        )
        yield Mend("padding same", _with(entries, at, kind, {**fields, "padding": "same"}))
    if isinstance(groups := fields.get("groups"), int):
        common = math.gcd(groups, channels, fields.get("filters", channels))
        divided = _with(entries, at, kind, {**fields, "groups": common})
        yield Mend(f"groups {common}, which divides {channels} channels", divided)
    if kind == "dense":
        for bridge in ("flatten", "globalpool"):
            num_outputs = math.prod(input_shape) if bridge == "flatten" else channels
            words = f"put {bridge} before it, which gives {num_outputs} numbers"
            yield Mend(words, [*entries[:at], bridge, *entries[at:]])
    if kind == "residual":
        yield from _shortcuts(entries, at, input_shape)


def _shortcuts(entries: Layers, at: int, input_shape: Sequence[int]) -> Iterator[Mend]:
    kind, fields = _parts(entries[at])
    channels, side, width = input_shape
    branch = plan_as_far(fields.get("layers", []), (channels, side, width), 2).layers
    if branch and len(branch[-1].output) == 3:
        filters, height, _ = branch[-1].output
        # The smallest kernel that gives as many pixels.
        stride = max(1, side // height)
        kernel = max(1, side - height * stride + 1)
        conv = {"filters": filters, "kernel": kernel} | ({"stride": stride} if stride > 1 else {})
        yield Mend(
            f"a shortcut that gives {shape_text(branch[-1].output)} too",
            _with(entries, at, kind, {**fields, "shortcut": [{"conv": conv}]}),
        )


def _endings(entries: Layers) -> Iterator[Mend]:
    """Of layers that each work: what a network ends with."""
    if not entries:
        small: Layers = [{"conv": {"filters": 32}}, "relu", {"maxpool": 2}]
        yield Mend("begin with a small network", [*small, "flatten", {"dense": "classes"}])
    kind, fields = _parts(entries[-1]) if entries else ("", {})
    if kind == "dense":
        units = _with(entries, len(entries) - 1, kind, {**fields, "units": "classes"})
        yield Mend("as many units as there are classes", units)
    last = {"dense": "classes"}
    yield Mend("add dense with a unit for each class", [*entries, last])
    yield Mend("add flatten and dense with a unit for each class", [*entries, "flatten", last])
    # An activation after the last dense layer, say.
    yield Mend("delete the last layer", entries[:-1])


def _parts(entry: Any) -> tuple[str, dict[str, Any]]:
    """Kind and fields of a document's entry; a bare value fills no field here."""
    if isinstance(entry, str):
        return entry, {}
    if not isinstance(entry, dict) or len(entry) != 1:
        return "", {}
    ((kind, value),) = entry.items()
    if isinstance(value, dict):
        return str(kind), dict(value)
    bare = {"conv": "filters", "maxpool": "size", "avgpool": "size", "dense": "units"}
    name = "layers" if kind == "residual" else bare.get(str(kind))
    return str(kind), {} if value is None or name is None else {name: value}


def _with(entries: Layers, at: int, kind: str, fields: dict[str, Any]) -> Layers:
    """The layers with other fields at one of them."""
    return [*entries[:at], {kind: fields} if fields else kind, *entries[at + 1 :]]
