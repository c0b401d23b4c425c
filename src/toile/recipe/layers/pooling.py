"""Layers that reduce many numbers to one, or flatten them into one row."""

from typing import ClassVar, Literal

from pydantic import Field

from toile.recipe.layers.layer import Kernel, Layer, Stride


class Pool(Layer):
    """A window that slides over every channel and gives one number a place."""

    shorthand: ClassVar[str | None] = "size"
    size: Kernel = Field(2, description="Side of the square window, in pixels")
    stride: Stride | None = Field(
        None, description="Pixels from one window to the next; off is the size of the window"
    )
    padding: Literal["valid", "same"] = Field(
        "valid",
        description="valid: windows that lie inside; same: n / stride come out, rounded up, each "
        "of what its window holds of the picture",
    )


class MaxPool(Pool):
    """The greatest number of each window."""

    kind: ClassVar[str] = "maxpool"


class AvgPool(Pool):
    """The mean of each window."""

    kind: ClassVar[str] = "avgpool"


class GlobalPool(Layer):
    """One number per channel, over the whole picture."""

    kind: ClassVar[str] = "globalpool"
    shorthand: ClassVar[str | None] = "of"
    of: Literal["average", "max"] = Field("average", description="Which number")


class Flatten(Layer):
    """All numbers in one row, channel by channel."""

    kind: ClassVar[str] = "flatten"
