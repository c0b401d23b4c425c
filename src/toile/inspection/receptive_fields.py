"""Receptive fields: the rows and columns of the picture that an output of a layer sees."""

from dataclasses import dataclass

from torch import nn

from toile.inspection.layer_paths import steps_to
from toile.network import AvgPool2d, Conv2d, GlobalPool2d, MaxPool2d, ResidualBlock


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
    """
    field: ReceptiveField | None = (FieldSide(), FieldSide())
    for _, module in steps_to(network, layer):
        field = _through(module, field)
    return field


def _through(module: nn.Module, field: ReceptiveField | None) -> ReceptiveField | None:
    """The field after `module`, from the `field` before it."""
    if field is None or isinstance(module, GlobalPool2d | nn.Flatten | nn.Linear):
        return None
    if isinstance(module, ResidualBlock):
        branch: ReceptiveField | None = field
        around: ReceptiveField | None = field
        for name, layer in module.named_children():
            if name != "shortcut":
                branch = _through(layer, branch)
        for layer in module.shortcut:
            around = _through(layer, around)
        if branch is None or around is None:
            return None
        return branch[0].union(around[0]), branch[1].union(around[1])
    if isinstance(module, Conv2d):
        left, _, top, _ = module.full_edge
        kernel, stride = module.kernel_size[0], module.stride[0]
    elif isinstance(module, MaxPool2d | AvgPool2d):
        left, _, top, _ = module.edge
        kernel, stride = module.size, module.stride
    else:
        return field
    down, across = field
    return down.through(kernel, stride, top), across.through(kernel, stride, left)
