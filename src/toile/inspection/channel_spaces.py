"""Which layers write and read the same channels, so which have to be cut together.

It follows from a network's plan. A *space* is a set of channels that passes through layers which
do not mix them: norms, activations, pools, flatten. A residual sum joins two spaces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from toile.errors import ToileError, did_you_mean
from toile.recipe import LayerPlan, Plan, layers


@dataclass(frozen=True)
class Reader:
    """A convolution or dense layer that reads a space, with `positions` inputs for each channel."""

    layer: str
    positions: int


@dataclass(eq=False)
class Space:
    """A set of `channels` that some layers write and others read.

    `fixed` says why none of them can be cut; it is empty if they can be.
    """

    channels: int
    writers: list[str] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    fixed: str = ""


@dataclass(frozen=True, eq=False)
class Flow:
    """What one layer passes to the next: a space by number, with `positions` for each channel."""

    space: int
    positions: int = 1


class ChannelSpaces:
    """All spaces of a network's plan."""

    def __init__(self, plan: Plan) -> None:
        self._spaces: list[Space] = []
        self._parents: list[int] = []
        self._behind: dict[str, Flow] = {}
        start = self._new(plan.input[0], fixed="they are the picture's colours")
        end = self._walk(plan.layers, start)
        self._fix(end.space, "they are the classes")

    def of(self, layer: str) -> Space:
        """The space that the convolution or dense layer `layer` writes.

        Raises ToileError if there is no such layer.
        """
        for space in self._roots():
            if layer in space.writers:
                return space
        names = [name for space in self._roots() for name in space.writers]
        raise ToileError(
            f"{layer} is no convolution or dense layer; these are {', '.join(sorted(names))}"
            f"{did_you_mean(layer, names)}"
        )

    def cuttable(self) -> list[Space]:
        """The spaces whose channels can be cut, in the order of the layers that write them."""
        return [space for space in self._roots() if space.writers and not space.fixed]

    def number(self, layer: str) -> int:
        """The number of the space that `layer` writes."""
        return self._spaces.index(self.of(layer))

    def behind(self, layer: str) -> Space | None:
        """The space after `layer`; None if its channels were flattened."""
        flow = self._behind[layer]
        return self.space(flow.space) if flow.positions == 1 else None

    def read_by(self, layer: str) -> Space:
        """The space that the convolution or dense layer `layer` reads."""
        names = ({reader.layer for reader in space.readers} for space in self._roots())
        return next(
            space for space, read in zip(self._roots(), names, strict=True) if layer in read
        )

    def space(self, number: int) -> Space:
        """The space of `number`; joined spaces share one."""
        return self._spaces[self.root(number)]

    def root(self, number: int) -> int:
        """The number of the joined space that `number` belongs to (union-find)."""
        while self._parents[number] != number:
            number = self._parents[number]
        return number

    def _roots(self) -> list[Space]:
        return [
            space for number, space in enumerate(self._spaces) if self._parents[number] == number
        ]

    def _new(self, channels: int, writer: str = "", fixed: str = "") -> Flow:
        self._spaces.append(Space(channels, [writer] if writer else [], [], fixed))
        self._parents.append(len(self._parents))
        return Flow(len(self._spaces) - 1)

    def _fix(self, number: int, why: str) -> None:
        space = self.space(number)
        space.fixed = space.fixed or why

    def _walk(self, plans: Sequence[LayerPlan], flow: Flow) -> Flow:
        for plan in plans:
            flow = self._through(plan, flow)
            self._behind[plan.name] = flow
        return flow

    def _through(self, plan: LayerPlan, flow: Flow) -> Flow:
        layer = plan.layer
        match layer:
            case layers.Conv() if is_depthwise(plan):
                self.space(flow.space).writers.append(plan.name)
                return flow
            case layers.Conv() if layer.groups > 1:
                why = f"{plan.name} needs {layer.groups} groups of equal size"
                self._fix(flow.space, why)
                return self._new(plan.output[0], plan.name, why)
            case layers.Conv() | layers.Dense():
                self.space(flow.space).readers.append(Reader(plan.name, flow.positions))
                return self._new(plan.output[0], plan.name)
            case layers.LayerNorm() | layers.GroupNorm():
                self._fix(flow.space, f"{plan.name} computes mean and SD over several of them")
            case layers.Flatten():
                return Flow(flow.space, flow.positions * prod(plan.input[1:]))
            case layers.Residual():
                return self._join(plan, flow)
        return flow

    def _join(self, plan: LayerPlan, flow: Flow) -> Flow:
        branch, around = self._walk(plan.branch, flow), self._walk(plan.shortcut, flow)
        a, b = self.root(branch.space), self.root(around.space)
        if branch.positions != around.positions:
            # A sum of flattened maps and units: a unit is added to a pixel of a channel.
            for number in (a, b):
                self._fix(number, f"{plan.name} adds pixels of channels to units")
        elif a != b:
            low, high = sorted((a, b))
            target, absorbed = self._spaces[low], self._spaces[high]
            target.writers += absorbed.writers
            target.readers += absorbed.readers
            target.fixed = target.fixed or absorbed.fixed
            self._parents[high] = low
        return branch


def is_depthwise(plan: LayerPlan) -> bool:
    """Whether a convolution is depthwise: one filter for each input channel."""
    layer = plan.layer
    return (
        isinstance(layer, layers.Conv)
        and layer.groups > 1
        and layer.groups == plan.input[0] == layer.filters
    )


Cuts = Mapping[str, Sequence[int]]
"""Channels to cut, by a layer that writes them."""


def refuse_uncuttable(spaces: ChannelSpaces, cuts: Cuts) -> None:
    """Raise ToileError if `cuts` names a layer or a channel that cannot be cut."""
    for layer, channels in cuts.items():
        space = spaces.of(layer)
        if space.fixed:
            able = [name for cuttable in spaces.cuttable() for name in cuttable.writers]
            raise ToileError(
                f"no channel of {layer} can be cut: {space.fixed}; layers that can be cut are "
                f"{', '.join(able) or 'none'}"
            )
        for channel in channels:
            if not 0 <= channel < space.channels:
                raise ToileError(
                    f"{layer} has no channel {channel}; it has {space.channels}, from 0 to "
                    f"{space.channels - 1}"
                )
        if len(set(channels)) >= space.channels:
            raise ToileError(
                f"all {space.channels} channels of {layer} would be cut; leave at least one"
            )
