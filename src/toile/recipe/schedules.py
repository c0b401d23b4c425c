"""How the learning rate moves during a run, as a factor on the optimiser's own."""

from typing import Annotated, ClassVar

from pydantic import Field

from toile.recipe.choice import Choice

Fraction = Annotated[float, Field(ge=0, le=1)]
WARMUP = "Fraction of all steps over which the factor first rises from 0 to 1"
FINAL = "The factor at the last step"


class Schedule(Choice):
    """How the learning rate moves during a run."""


class Constant(Schedule):
    """Always 1."""

    kind: ClassVar[str] = "constant"
    warmup: Fraction = Field(0.0, description=WARMUP)


class Step(Schedule):
    """Multiplied by a factor every few epochs."""

    kind: ClassVar[str] = "step"
    shorthand: ClassVar[str | None] = "every"
    every: int = Field(10, ge=1, le=10_000, description="Epochs between two steps")
    factor: float = Field(0.1, gt=0, le=1, description="What each step multiplies by")
    warmup: Fraction = Field(0.0, description=WARMUP)


class Cosine(Schedule):
    """Half a cosine from 1 to the final factor. Loshchilov and Hutter 2016, arXiv:1608.03983."""

    kind: ClassVar[str] = "cosine"
    warmup: Fraction = Field(0.0, description=WARMUP)
    final: Fraction = Field(0.0, description=FINAL)


class Linear(Schedule):
    """A straight line from 1 to the final factor."""

    kind: ClassVar[str] = "linear"
    warmup: Fraction = Field(0.0, description=WARMUP)
    final: Fraction = Field(0.0, description=FINAL)


class OneCycle(Schedule):
    """Half a cosine up from a small factor, then one down. Smith 2017, arXiv:1708.07120."""

    kind: ClassVar[str] = "one_cycle"
    # 0.3 and 1 / 25 are those of PyTorch's OneCycleLR (pct_start, div_factor).
    warmup: Fraction = Field(0.3, description="Fraction of all steps on the way up")
    start: float = Field(0.04, gt=0, le=1, description="The factor at the first step")
    final: Fraction = Field(0.0, description=FINAL)


KINDS: dict[str, type[Schedule]] = {
    model.kind: model for model in (Constant, Step, Cosine, Linear, OneCycle)
}
