"""Layers that bring numbers to mean 0 and SD 1."""

from typing import Annotated, ClassVar

from pydantic import Field

from toile.recipe.layers.layer import Layer

# The layers' 1e-5 is PyTorch's; Keras has 1e-3.
Epsilon = Annotated[float, Field(gt=0, le=1)]


class BatchNorm(Layer):
    """Each channel to mean 0 and SD 1 over the batch, then a learnt scale and shift."""

    kind: ClassVar[str] = "batchnorm"
    momentum: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Weight of the newest batch in the running statistics; Keras's .99 is .01 here",
    )
    epsilon: Epsilon = Field(1e-5, description="Added to the variance")


class LayerNorm(Layer):
    """Each position's channels to mean 0 and SD 1, then a learnt scale and shift per channel."""

    kind: ClassVar[str] = "layernorm"
    epsilon: Epsilon = Field(1e-5, description="Added to the variance")


class GroupNorm(Layer):
    """Each picture's groups of channels to mean 0 and SD 1, then a learnt scale and shift."""

    kind: ClassVar[str] = "groupnorm"
    shorthand: ClassVar[str | None] = "groups"
    # Keras has 32, which no layer of fewer channels could be divided into.
    groups: int = Field(8, ge=1, le=4096, description="Groups the channels are divided into")
    epsilon: Epsilon = Field(1e-5, description="Added to the variance")
