"""A study's settings: what is varied, what is held fixed, and how many readings are taken."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from toile.migrations import read_settings, versioned
from toile.recipe import RootSettings, Settings, settings_of, yaml_text

Source = str | dict[str, Any]
MOST_READINGS = 1000


def _named(values: Any) -> Any:
    """A list of values as a mapping by their names; anything else as it is."""
    if not isinstance(values, list | tuple):
        return values
    named: dict[str, Any] = {}
    for value in values:
        name = value_name(value)
        if name in named:
            raise ValueError(f"level {name} stands twice; a level is named once")
        named[name] = value
    return named


def value_name(value: Any) -> str:
    """The name of a level that is not written in a file: `8`, `0.1`, `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fractions(values: tuple[float, ...]) -> tuple[float, ...]:
    for value in values:
        if not 0 < value <= 1:
            raise ValueError(f"{value:g} is no fraction; write 85 % as 0.85")
    return values


Values = Annotated[
    dict[str, Any], BeforeValidator(_named), Field(min_length=1, max_length=MOST_READINGS)
]
Fractions = Annotated[tuple[float, ...], AfterValidator(_fractions)]
Count = Annotated[int, Field(ge=1, le=MOST_READINGS)]


class Alternative(Settings):
    """A level that is a recipe of its own, or the study's with several settings changed."""

    recipe: Source | None = Field(None, description="A preset, a file or a recipe's settings")
    set: dict[str, Any] = Field({}, description="Settings changed, by address")


class Study(RootSettings):
    """Levels, readings and what is held fixed.

    >>> spec = toile.Study(recipe="quick", vary={"training.batch_size": {"64": 64, "128": 128}})
    >>> spec.readings, spec.margin
    (5, 0.005)
    """

    name: str = Field(
        default="study",
        pattern=r"^[a-z0-9][a-z0-9.-]*$",
        max_length=100,
        description="Names its folder",
    )
    question: str = Field(default="", max_length=2000, description="What it is to answer")
    recipe: Source = Field(description="A preset, a file or a recipe's settings")
    set: dict[str, Any] = Field(default={}, description="Settings held fixed, by address")
    vary: dict[str, Values] = Field(
        default={}, description="Values to compare, by address; several addresses make a grid"
    )
    levels: dict[str, Alternative] = Field(
        default={},
        description="Whole alternatives by name; with vary, each is crossed with its grid",
    )
    readings: Count = Field(
        default=5, description="Runs of each level, each with a seed of its own"
    )
    more: dict[str, Count] = Field(
        default={},
        description="Readings of single levels beyond those, filled where looks ask for them",
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**62,
        description="The first reading's seed; the next one's is one more",
    )
    margin: float = Field(
        default=0.005, gt=0, lt=1, description="Differences up to this do not matter; a fraction"
    )
    score: Literal["accuracy"] = Field(default="accuracy", description="What is read off a run")
    reach: Fractions = Field(
        default=(),
        strict=False,
        max_length=10,
        description="Accuracies of which the report says how soon they were reached; it picks them "
        "itself where none is named",
    )
    folds: Annotated[int, Field(ge=2, le=MOST_READINGS)] | None = Field(
        default=None, description="Cross-validate: reading i is validated on fold i of so many"
    )
    looks: bool = Field(
        default=False,
        description="Readings are added at looks fixed beforehand, until all is decided",
    )

    @property
    def setting(self) -> str:
        """The address of which level names are bare values; empty where they say more."""
        return next(iter(self.vary)) if len(self.vary) == 1 and not self.levels else ""

    def readings_of(self, level: str) -> int:
        """How many readings are asked of `level`."""
        return self.readings + self.more.get(level, 0)


def study_of(document: dict[str, Any]) -> Study:
    """The study of a document, which may say an older `version`.

    Raises ToileError naming the setting, the value and the rule.
    """
    document = read_settings(document, "study.yaml", "the study")
    levels = document.get("levels")
    if isinstance(levels, dict):
        read = {
            name: settings_of(Alternative, fields, f"levels.{name}")
            for name, fields in levels.items()
        }
        document = {**document, "levels": read}
    if document.get("folds") not in (None, "off"):
        # Each fold is held out once, unless fewer are asked.
        document = {"readings": document["folds"], **document}
    return settings_of(Study, document)


def study_text(study: Study) -> str:
    """`study` as YAML that reads back as the same study, every setting written."""
    return yaml_text(versioned("study.yaml", study.model_dump(mode="json")))
