"""What the service says, as JSON and as its OpenAPI describes it."""

from typing import Literal

from pydantic import BaseModel, Field


class TopClass(BaseModel):
    """A class and how likely it is held."""

    class_name: str = Field(serialization_alias="class")
    probability: float = Field(ge=0, le=1)


class Answer(BaseModel):
    """The likeliest classes, likeliest first, and what is odd about the picture."""

    top: list[TopClass]
    warnings: list[str]
    abstained: list[str] = Field(
        description="Why there is no answer, and top is empty; with always=true there is one"
    )


class Score(BaseModel):
    """Accuracy on images that were not trained on, a fraction in [0, 1] with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int
    of: str = Field(description="Which images these are")
    seen: str = Field("", description="A warning where they may have been trained on after all")


class Card(BaseModel):
    """Which network answers, what it takes, and how good it is."""

    run: str
    name: str
    weights: Literal["last", "best"]
    weights_sha256: str
    precision: Literal["float32", "int8"]
    classes: list[str]
    shape: tuple[int, int, int] = Field(
        description="Channels, height and width that a picture is brought to"
    )
    accepts: str
    accuracy: Score | None = Field(description="null where only the exported file is known")
    abstains: str = Field(
        "", description="On how many genuine pictures it gives no answer, where that is known"
    )


class Health(BaseModel):
    """The service is there and can answer."""

    status: Literal["ready"] = "ready"


class Problem(BaseModel):
    """Why there is no answer: what was wrong, the rule, and the next step."""

    error: str
