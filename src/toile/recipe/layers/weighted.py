"""Layers with weights of their own: a convolution and a weighted sum."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from toile.recipe.layers.layer import Kernel, Layer, Stride

# Keras starts with glorot_uniform, and so do we; torch's own start is `pytorch`.
Initialiser = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "dirac",
    "zeros",
    "pytorch",
]


class Conv(Layer):
    """A 2-d convolution: every filter slides over the picture and gives one channel."""

    kind: ClassVar[str] = "conv"
    shorthand: ClassVar[str | None] = "filters"
    filters: int = Field(ge=1, le=4096, description="Channels that come out")
    kernel: Kernel = Field(3, description="Side of the square window, in pixels")
    stride: Stride = Field(1, description="Pixels from one window to the next")
    padding: Literal["valid", "same"] | Annotated[int, Field(ge=0, le=64)] = Field(
        "valid",
        description="valid: none; same: so that n / stride pixels come out, rounded up, the odd "
        "pixel at the bottom and right as in Keras; or a number of pixels on every side",
    )
    groups: int = Field(
        1, ge=1, le=4096, description="Groups of channels that do not see each other"
    )
    init: Initialiser = Field("glorot_uniform", description="How the weights start; biases at 0")
    bias: bool = Field(True, description="Add a learnt number to every channel")


class Dense(Layer):
    """Every output is a weighted sum of every input."""

    kind: ClassVar[str] = "dense"
    shorthand: ClassVar[str | None] = "units"
    units: Literal["classes"] | Annotated[int, Field(ge=1, le=65_536)] = Field(
        description="Numbers that come out; `classes` gives one per class of the data"
    )
    init: Initialiser = Field("glorot_uniform", description="How the weights start; biases at 0")
    bias: bool = Field(True, description="Add a learnt number to every output")
