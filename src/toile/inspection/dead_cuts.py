"""Cuts dead channels, which does not change the network's outputs."""

from dataclasses import dataclass

from toile.inspection.census import Census
from toile.inspection.channel_spaces import ChannelSpaces
from toile.inspection.surgery import CannotCut, CutNetwork, Weights, cut_channels
from toile.recipe import Plan


@dataclass(frozen=True, eq=False)
class DeadCut:
    """A network without its dead channels; `left` has a sentence on each that could not be cut."""

    cut: CutNetwork
    silent: dict[str, list[int]]
    left: tuple[str, ...]


def cut_dead(plan: Plan, weights: Weights, census: Census) -> DeadCut:
    """`plan` and `weights` without the channels that are 0 for every image of `census`.

    Channels that cannot be cut exactly are left, and one channel of a layer in which all are dead.
    """
    silent = {
        layer.name: list(layer.dead_channels)
        for layer in census.layers
        if layer.kind == "relu" and layer.dead_channels
    }
    spaces = ChannelSpaces(plan)
    cuts: dict[str, set[int]] = {}
    left: list[str] = []
    for name, channels in silent.items():
        space = spaces.behind(name)
        if space is None or not space.writers:
            continue
        if space.fixed:
            left.append(f"{len(channels)} dead channels behind {name}: {space.fixed}")
            continue
        cuts.setdefault(space.writers[0], set()).update(channels)
    for writer, dead in cuts.items():
        if len(dead) == spaces.of(writer).channels:
            left.append(f"channel {min(dead)} of {writer}, since all of them are dead")
            dead.discard(min(dead))
    while True:
        try:
            requested = {writer: sorted(dead) for writer, dead in cuts.items() if dead}
            return DeadCut(
                cut_channels(plan, weights, requested, silent, True), silent, tuple(left)
            )
        except CannotCut as refused:
            left.append(str(refused))
            cuts[refused.space.writers[0]].discard(refused.channel)
