"""The cost of each layer of a network, as table rows and as strips."""

from dataclasses import dataclass

from toile.recipe import LayerPlan, Plan


@dataclass(frozen=True)
class LayerRow:
    """A row of the network's table; `depth` counts the blocks around the layer.

    `fraction` is the layer's part of the network's multiply-adds.
    """

    plan: LayerPlan
    depth: int
    family: str
    fraction: float


@dataclass(frozen=True)
class Segment:
    """One layer's part of a strip, as a fraction of the total."""

    name: str
    family: str
    fraction: float


def layer_rows(plan: Plan) -> list[LayerRow]:
    """A row for every layer; a block comes before the layers inside it."""
    return [
        LayerRow(layer, _depth(layer.name), family(layer), layer.macs / max(plan.macs, 1))
        for layer in plan.walk()
    ]


def parameter_strip(plan: Plan) -> list[Segment]:
    """The layers that have parameters, with the layers inside blocks instead of the blocks."""
    return _strip([(layer, layer.parameters) for layer in _leaves(plan)])


def mac_strip(plan: Plan) -> list[Segment]:
    """The layers that multiply and add, with the layers inside blocks instead of the blocks."""
    return _strip([(layer, layer.macs) for layer in _leaves(plan)])


def family(layer: LayerPlan) -> str:
    """The colour group of a layer's kind: conv, dense, pool, norm, drop, block or plain."""
    kind = layer.layer.kind
    groups = {"conv": "conv", "dense": "dense", "residual": "block"}
    groups |= dict.fromkeys(("maxpool", "avgpool", "globalpool"), "pool")
    groups |= dict.fromkeys(("batchnorm", "layernorm", "groupnorm"), "norm")
    groups |= dict.fromkeys(("dropout", "spatial_dropout"), "drop")
    return groups.get(kind, "plain")


def _depth(name: str) -> int:
    # A block's shortcut has the same depth as its branch: `residual1.shortcut.conv1`.
    parts = name.split(".")
    return len(parts) - 1 - parts.count("shortcut")


def _leaves(plan: Plan) -> list[LayerPlan]:
    return [layer for layer in plan.walk() if not layer.branch]


def _strip(costs: list[tuple[LayerPlan, int]]) -> list[Segment]:
    total = sum(cost for _, cost in costs)
    return [Segment(layer.name, family(layer), cost / total) for layer, cost in costs if cost]
