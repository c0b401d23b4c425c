"""What pictures an ONNX file takes: their shape, and the order of their axes."""

import math

import numpy as np

from toile.conversion.graph import Chain, Fork, Node
from toile.conversion.onnx_graph import OnnxStep
from toile.errors import ToileError

FIRST, LAST = (0, 1, 2, 3), (0, 2, 3, 1)
"""Which of (n, c, h, w) stands at each axis of a tensor: channels first, channels last."""
Axes = tuple[int, ...]
ON_PICTURES = (
    "Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
    "GroupNormalization")  # fmt: skip


def input_of(
    chain: Chain[OnnxStep],
    sides: tuple[int | None, ...],
    data_shape: tuple[int, int, int],
    source: str,
) -> tuple[tuple[int, int, int], Axes, Axes]:
    """The pictures' (c, h, w), and which axis of theirs stands where in the input.

    The last are the axes of what the first node is taken to get: of a picture where it is a
    Reshape that makes one of a row.
    """
    if len(sides) == 3:
        axes = _axes_of(chain, sides)
        known = dict(zip(axes[1:], sides, strict=True))
        channels, height, width = (known[axis] or data_shape[axis - 1] for axis in (1, 2, 3))
        return (channels, height, width), axes, axes
    if len(sides) == 2:
        height, width = (
            int(side if side is not None else data_side)
            for side, data_side in zip(sides, data_shape[1:], strict=True)
        )
        return (1, height, width), (0, 2, 3), (0, 2, 3)
    if len(sides) == 1:
        num = sides[0] if sides[0] is not None else math.prod(data_shape)
        if picture := _picture_of_row(chain, num):
            return *picture[:1], (0, 1), picture[1]
        side = math.isqrt(num)
        if num == math.prod(data_shape):
            return data_shape, (0, 1), (0, 1)
        if side * side == num:
            return (1, side, side), (0, 1), (0, 1)
    raise ToileError(f"{source} takes inputs of shape {list(sides)}, which are no pictures")


def _axes_of(chain: Chain[OnnxStep], sides: tuple[int | None, ...]) -> Axes:
    """Channels first or last: by what stands between the input and the first layer on pictures."""
    axes: Axes = FIRST
    for part in chain.parts:
        if isinstance(part, Fork):
            break
        step = part.content
        if step.operator == "Transpose":
            axes = tuple(axes[index] for index in step.attributes["perm"])
        elif step.operator in ON_PICTURES:
            # `axes` says which axis of the input stands at each axis of a tensor (n, c, h, w).
            return tuple(int(axis) for axis in np.argsort(axes)) if len(axes) == 4 else FIRST
        elif step.operator in ("Reshape", "Flatten", "MatMul", "Gemm"):
            break
    few = (1, 3)
    return LAST if sides[2] in few and sides[0] not in few else FIRST


def _picture_of_row(chain: Chain[OnnxStep], size: int) -> tuple[tuple[int, int, int], Axes] | None:
    """The picture (c, h, w) of one channel that the first node makes of a row, and its axes."""
    first = chain.parts[0] if chain.parts else None
    if not isinstance(first, Node) or first.content.operator != "Reshape":
        return None
    target = first.content.constant(1)
    sides = [] if target is None else [int(side) for side in np.ravel(target)][1:]
    if sides.count(-1) == 1:
        sides[sides.index(-1)] = size // max(1, -math.prod(sides))
    # Of one channel the numbers lie the same way, wherever the channel stands.
    if len(sides) != 3 or math.prod(sides) != size or 1 not in (sides[0], sides[2]):
        return None
    if sides[0] == 1:
        return (1, sides[1], sides[2]), FIRST
    return (1, sides[0], sides[1]), LAST
