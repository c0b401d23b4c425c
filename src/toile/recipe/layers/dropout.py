"""Layers that forget at random while training."""

from typing import Annotated, ClassVar

from pydantic import Field

from toile.recipe.layers.layer import Layer

Rate = Annotated[float, Field(ge=0, lt=1)]


class Dropout(Layer):
    """While training, sets numbers to 0 at random and scales the others up to keep the mean."""

    kind: ClassVar[str] = "dropout"
    shorthand: ClassVar[str | None] = "rate"
    rate: Rate = Field(0.5, description="Fraction set to 0, realised in steps of 1/65536")


class SpatialDropout(Layer):
    """Dropout of whole channels."""

    kind: ClassVar[str] = "spatial_dropout"
    shorthand: ClassVar[str | None] = "rate"
    rate: Rate = Field(0.5, description="Fraction of channels set to 0, in steps of 1/65536")
