"""The JSON of the service's responses, which its OpenAPI describes."""

from typing import Literal

from pydantic import BaseModel, Field


class TopClass(BaseModel):
    """A class and its probability."""

    class_name: str = Field(serialization_alias="class")
    probability: float = Field(ge=0, le=1)


class Answer(BaseModel):
    """The most probable classes, sorted, and warnings about the picture."""

    top: list[TopClass]
    warnings: list[str]
    abstained: list[str] = Field(description="Why top is empty; with always=true it is not")


class Score(BaseModel):
    """Accuracy on held-out images, a fraction in [0, 1] with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int
    of: str = Field(description="The images that were scored")
    seen: str = Field("", description="A warning if the network may have been trained on them")


class Card(BaseModel):
    """The network, its input and its accuracy."""

    run: str
    name: str
    weights: Literal["last", "best"]
    weights_sha256: str
    precision: Literal["float32", "int8"]
    classes: list[str]
    shape: tuple[int, int, int] = Field(
        description="Channels, height and width of a prepared picture"
    )
    accepts: str
    accuracy: Score | None = Field(description="null if only the exported file is known")
    abstains: str = Field(
        "", description="How many genuine pictures get no answer, if that is known"
    )


class Health(BaseModel):
    """The service is ready."""

    status: Literal["ready"] = "ready"


class Problem(BaseModel):
    """An error: what was wrong, the rule, and the next step."""

    error: str
