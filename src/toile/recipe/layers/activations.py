"""Layers that bend every number by itself, and a constant factor."""

from typing import Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from toile.recipe.layers.layer import Layer


class ReLU(Layer):
    """max(x, 0)."""

    kind: ClassVar[str] = "relu"


class LeakyReLU(Layer):
    """x where positive, slope * x elsewhere."""

    kind: ClassVar[str] = "leaky_relu"
    shorthand: ClassVar[str | None] = "slope"
    # PyTorch's slope; Keras has 0.3.
    slope: float = Field(0.01, ge=0, lt=1, description="Slope on the negative side")


class ELU(Layer):
    """x where positive, alpha (exp(x) - 1) elsewhere."""

    kind: ClassVar[str] = "elu"
    shorthand: ClassVar[str | None] = "alpha"
    alpha: float = Field(1.0, gt=0, le=10, description="Depth of the negative side")


class GELU(Layer):
    """x times the normal distribution function of x."""

    kind: ClassVar[str] = "gelu"
    shorthand: ClassVar[str | None] = "approximation"
    approximation: Literal["none", "tanh"] = Field("none", description="tanh is the faster formula")


class SiLU(Layer):
    """x times the sigmoid of x; also called swish."""

    kind: ClassVar[str] = "silu"


class Tanh(Layer):
    """The hyperbolic tangent."""

    kind: ClassVar[str] = "tanh"


class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "sigmoid"


class Scale(Layer):
    """A constant factor, as on the logits, and a constant number added; Keras's Rescaling."""

    kind: ClassVar[str] = "scale"
    shorthand: ClassVar[str | None] = "factor"
    factor: float = Field(ge=-1e6, le=1e6, description="What every number is multiplied by")
    offset: float = Field(0.0, ge=-1e6, le=1e6, description="What is added to every product")

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without an offset of 0, so that recipes from before there was one keep their hash."""
        fields: dict[str, Any] = write(self)
        if self.offset == 0:
            fields.pop("offset", None)
        return fields
