"""Which layers write and read the same channels: what must be cut together, and what cannot be.

Told by a network's plan alone. A *space* is a set of channels that goes through layers which keep
them apart: norms, activations, pools, flatten. A residual sum makes one space of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from toile.errors import ToileError, did_you_mean
from toile.recipe import LayerPlan, Plan, layers


@dataclass(frozen=True)
class Reader:
    """A convolution or dense layer that reads a space, `positions` values of each channel."""

    layer: str
    positions: int


@dataclass(eq=False)
class Space:
    """`channels` that are written by some layers and read by others.

    `fixed` says why none of them can be cut; empty where they can be.
    """

    channels: int
    writers: list[str] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    fixed: str = ""


@dataclass(frozen=True, eq=False)
class Flow:
    """What goes from a layer to the next: a space, by its number, with `positions` a channel."""

    space: int
    positions: int = 1


class ChannelSpaces:
    """The spaces of a network's plan, by the layers that write them."""

    def __init__(self, plan: Plan) -> None:
        self._spaces: list[Space] = []
        self._parents: list[int] = []
        self._behind: dict[str, Flow] = {}
        start = self._new(plan.input[0], fixed="they are the picture's own")
        end = self._walk(plan.layers, start)
        self._fix(end.space, "they are the classes")

    def of(self, layer: str) -> Space:
        """The space that the convolution or dense layer `layer` writes; as `cuttable`, or fixed.

        Raises ToileError where there is no such layer.
        """
        for space in self._roots():
            if layer in space.writers:
                return space
        names = [name for space in self._roots() for name in space.writers]
        raise ToileError(
            f"{layer} is no layer with channels of its own to cut{did_you_mean(layer, names)}; "
            f"those are {', '.join(sorted(names))}"
        )

    def cuttable(self) -> list[Space]:
        """The spaces whose channels can be cut, in the order of the layers that write them."""
        return [space for space in self._roots() if space.writers and not space.fixed]

    def number(self, layer: str) -> int:
        """What tells the space that `layer` writes from the others."""
        return self._spaces.index(self.of(layer))

    def behind(self, layer: str) -> Space | None:
        """The space that leaves `layer` channel by channel; None where it leaves as rows."""
        flow = self._behind[layer]
        return self.space(flow.space) if flow.positions == 1 else None

    def read_by(self, layer: str) -> Space:
        """The space that the convolution or dense layer `layer` reads."""
        names = ({reader.layer for reader in space.readers} for space in self._roots())
        return next(
            space for space, read in zip(self._roots(), names, strict=True) if layer in read
        )

    def space(self, number: int) -> Space:
        """The space of that number, which it may share with others that were joined."""
        return self._spaces[self.root(number)]

    def root(self, number: int) -> int:
        """The number of the space that `number` was joined into (union-find)."""
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
                why = f"{plan.name} divides them into {layer.groups} groups of equal size"
                self._fix(flow.space, why)
                return self._new(plan.output[0], plan.name, why)
            case layers.Conv() | layers.Dense():
                self.space(flow.space).readers.append(Reader(plan.name, flow.positions))
                return self._new(plan.output[0], plan.name)
            case layers.LayerNorm() | layers.GroupNorm():
                self._fix(flow.space, f"{plan.name} takes its mean and SD over several of them")
            case layers.Flatten():
                return Flow(flow.space, flow.positions * prod(plan.input[1:]))
            case layers.Residual():
                return self._join(plan, flow)
        return flow

    def _join(self, plan: LayerPlan, flow: Flow) -> Flow:
        branch, around = self._walk(plan.branch, flow), self._walk(plan.shortcut, flow)
        a, b = self.root(branch.space), self.root(around.space)
        if branch.positions != around.positions:
            # Sums of rows, of which one side was a picture: a unit meets a pixel of a channel.
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
    """Whether a convolution has one filter for each channel, which it sees alone."""
    layer = plan.layer
    return (
        isinstance(layer, layers.Conv)
        and layer.groups > 1
        and layer.groups == plan.input[0] == layer.filters
    )


Cuts = Mapping[str, Sequence[int]]
"""Channels to cut, by a layer that writes them."""


def refuse_uncuttable(spaces: ChannelSpaces, cuts: Cuts) -> None:
    """Raise ToileError where `cuts` names a layer, or a channel, that cannot be cut."""
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
