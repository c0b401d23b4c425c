"""Receptive fields: the rows and columns of the picture that an output of a layer sees."""

from dataclasses import dataclass

from torch import nn

from toile.errors import ToileError
from toile.inspection.layer_paths import steps_to
from toile.inspection.windows import KEEPS_POSITIONS, windows_of
from toile.network import GlobalPool2d, ResidualBlock


@dataclass(frozen=True)
class FieldSide:
    """The rows or columns that output 0 of a layer sees, and the step to the next output.

    `first_px` is below 0 if the field begins in the padding.
    """

    size_px: int = 1
    jump_px: int = 1
    first_px: int = 0

    def through(self, kernel: int, stride: int, before: int) -> "FieldSide":
        """The field after a layer with `kernel`, `stride` and a padding of `before` outputs."""
        # Araujo, Norris and Sim 2019, doi 10.23915/distill.00021, eq. 2 and 5.
        return FieldSide(
            self.size_px + (kernel - 1) * self.jump_px,
            self.jump_px * stride,
            self.first_px - before * self.jump_px,
        )

    def union(self, second: "FieldSide") -> "FieldSide":
        """The smallest side that covers both; both have the same jump."""
        first = min(self.first_px, second.first_px)
        end = max(self.first_px + self.size_px, second.first_px + second.size_px)
        return FieldSide(end - first, self.jump_px, first)

    def bounds(self, index: int, length_px: int) -> tuple[int, int]:
        """The first and the end pixel of the picture that output `index` sees."""
        first = self.first_px + index * self.jump_px
        return max(first, 0), min(first + self.size_px, length_px)

    def middle(self, index: int) -> float:
        """The centre of what output `index` sees, in pixels; .5 is that of the first pixel."""
        return self.first_px + index * self.jump_px + self.size_px / 2


ReceptiveField = tuple[FieldSide, FieldSide]
"""Rows, then columns."""


def receptive_field(network: nn.Module, layer: str) -> ReceptiveField | None:
    """What the outputs of `layer` see, in rows and columns; None if they have no position.

    They have none after flatten, global pools and dense layers, and may then see the whole picture.
    Raises ToileError, which names it, for a layer of which it is not known what its outputs see.
    """
    field: ReceptiveField | None = (FieldSide(), FieldSide())
    for name, module in steps_to(network, layer):
        field = _through(name, module, field)
    return field


def _through(name: str, module: nn.Module, field: ReceptiveField | None) -> ReceptiveField | None:
    """The field after `module`, from the `field` before it."""
    if field is None or _loses_positions(module):
        return None
    if isinstance(module, ResidualBlock):
        branch: ReceptiveField | None = field
        around: ReceptiveField | None = field
        for child, layer in module.named_children():
            if child != "shortcut":
                branch = _through(f"{name}.{child}", layer, branch)
        for child, layer in module.shortcut.named_children():
            around = _through(f"{name}.shortcut.{child}", layer, around)
        if branch is None or around is None:
            return None
        return branch[0].union(around[0]), branch[1].union(around[1])
    if isinstance(module, nn.Sequential):
        for child, layer in module.named_children():
            field = _through(f"{name}.{child}", layer, field)
        return field
    if isinstance(module, KEEPS_POSITIONS):
        return field
    return _through_windows(name, module, field)


def _through_windows(name: str, module: nn.Module, field: ReceptiveField) -> ReceptiveField:
    windows = windows_of(module)
    if windows is None:
        kind = type(module).__name__
        if isinstance(module, nn.Conv2d):
            kind += f" with padding_mode {module.padding_mode}"
        raise ToileError(
            f"{name} is {kind}, and which pixels its outputs see is not known; bring the network "
            "in first (toile.import_network), or name a layer before it"
        )
    down, across = (
        side.through(window.span, window.stride, window.before)
        for side, window in zip(field, windows, strict=True)
    )
    return down, across


def _loses_positions(module: nn.Module) -> bool:
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return module.output_size in (1, (1, 1), [1, 1])
    return isinstance(module, GlobalPool2d | nn.Flatten | nn.Linear)
