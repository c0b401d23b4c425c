"""A lab sheet's settings: exercises in order, what all hold fixed, and what `--quick` changes.

An exercise has a question and at most one thing to do: `show`, `study`, `compare`, `search` or
`export`. Without one it is an open question, answered in words.
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, model_validator

from toile.errors import ToileError, did_you_mean, did_you_mean_file
from toile.migrations import from_file, read_settings, versioned
from toile.recipe import (
    Settings,
    name_items,
    read_text,
    read_value,
    recipe_name,
    settings_of,
    yaml_text,
)
from toile.studies import Source

KINDS = ("show", "study", "compare", "search", "export")
FOLDER = Path(str(files("toile.sheets"))) / "presets"
Text = Annotated[str, Field(max_length=2000)]
Document = dict[str, Any]


class Show(Settings):
    """The first images to learn from, with their classes."""

    images: int = Field(9, ge=1, le=400, description="How many")


class Side(Settings):
    """Readings to compare: a level of an earlier exercise, or a run."""

    exercise: Annotated[int, Field(ge=1)] | None = Field(None, description="Its number")
    # Not None where there is none: `off` is the name of a level like any other.
    level: str = Field("", description="Which of its levels")
    run: str | None = Field(None, description="A run instead, by name or folder")

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Side":
        if (self.exercise is None) == (self.run is None):
            raise ValueError("name either an exercise, and its level, or a run")
        return self


class Compare(Settings):
    """Two levels of studies by their readings, or two runs by the images they answered."""

    first: Side = Field(description="One side")
    second: Side = Field(description="The other")
    margin: float = Field(0.005, gt=0, lt=1, description="Differences up to this do not matter")

    @model_validator(mode="after")
    def _sides_are_alike(self) -> "Compare":
        if (self.first.run is None) != (self.second.run is None):
            raise ValueError("compare two levels or two runs; one of each cannot be")
        return self


class Export(Settings):
    """A network trained, taken away as a Keras file, opened again, and asked about a photograph."""

    recipe: Source | None = Field(None, description="Instead of the sheet's")
    photo: str | None = Field(
        None, description="A picture beside the sheet; without one a validation image"
    )
    seed: int = Field(0, ge=0, lt=2**62, description="The training's seed")


class Exercise(Settings):
    """One exercise: a question, what is expected, and what is done."""

    title: str = Field(min_length=1, max_length=200, description="In a few words")
    question: Text = Field("", description="What it is to answer")
    expect: Text = Field("", description="What is asked before the run")
    set: dict[str, Any] = Field({}, description="Settings held fixed here, by address")
    show: Show | None = Field(None, description="Show images")
    study: dict[str, Any] | None = Field(None, description="A study's settings")
    compare: Compare | None = Field(None, description="Two levels, or two runs")
    search: dict[str, Any] | None = Field(None, description="A search's settings")
    export: Export | None = Field(None, description="Train, export, predict")
    quick: dict[str, Any] = Field({}, description="Of the study or the search, under --quick")

    @model_validator(mode="after")
    def _has_one_kind(self) -> "Exercise":
        done = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(done) > 1:
            raise ValueError(f"it has {' and '.join(done)}; an exercise does one thing")
        if not done and not self.question:
            raise ValueError("an open question has its text as its question")
        return self

    @property
    def kind(self) -> str:
        """One of `KINDS`, or `question`."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), "question")

    @property
    def sides(self) -> tuple[Side, ...]:
        """What it compares, if anything."""
        return () if self.compare is None else (self.compare.first, self.compare.second)


class Quick(Settings):
    """What `--quick` changes, so that a sheet can be tried in a minute."""

    set: dict[str, Any] = Field(
        {"data.name": "fashion-sample", "training.epochs": 1},
        description="Settings changed, by address",
    )
    readings: int = Field(2, ge=1, le=1000, description="At most so many readings of a level")
    trials: int = Field(4, ge=1, le=1000, description="At most so many trials of a search")


class Sheet(Settings):
    """Exercises in order, on one recipe."""

    name: str = Field(
        "sheet", pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=60, description="Names its folder"
    )
    title: str = Field(min_length=1, max_length=200, description="What the report is called")
    intro: Text = Field("", description="What it is about")
    recipe: Source = Field("s1-lab", description="Of every exercise that names no other")
    set: dict[str, Any] = Field({}, description="Settings held fixed in the whole sheet")
    exercises: tuple[Exercise, ...] = Field(
        min_length=1, max_length=100, strict=False, description="In order"
    )
    quick: Quick = Field(Quick(), description="What --quick changes")


def sheet_of(document: Document) -> Sheet:
    """The sheet of a document, which may say an older `version`.

    Raises ToileError naming the setting, the value and the rule.
    """
    document = read_settings(document, "sheet.yaml", "the sheet")
    exercises = document.get("exercises")
    if isinstance(exercises, list):
        read = [_exercise(fields, number) for number, fields in enumerate(exercises, start=1)]
        document = {**document, "exercises": read}
    sheet = settings_of(Sheet, document)
    for number, exercise in enumerate(sheet.exercises, start=1):
        for side in exercise.sides:
            _refuse_side(sheet, number, side)
    return sheet


def read_sheet(name: str | Path) -> Sheet:
    """The sheet of a file, or one that comes with Toile, by its name.

    Recipes and photographs that it names are looked for beside it.
    """
    path = sheet_path(name)
    document = read_value(read_text(path), str(path), name_values)
    if not isinstance(document, dict):
        raise ToileError(f"{path} is no sheet; a sheet has a title, and exercises in a list")
    _resolve_files(document, path.parent)
    try:
        return sheet_of(from_file({"name": recipe_name(path), **document}))
    except ToileError as error:
        raise ToileError(f"{path}: {error}") from None


def sheet_path(name: str | Path) -> Path:
    """Where a sheet stands: a file, or one that comes with Toile."""
    shipped = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
    if Path(name).is_file():
        return Path(name)
    if str(name) not in shipped:
        near = did_you_mean_file(name) or did_you_mean(str(name), shipped)
        raise ToileError(
            f"{name} is no sheet: there is no such file, and those that come with Toile are "
            f"{', '.join(shipped)}{near}; `toile sheet new FILE` writes one to edit"
        )
    return shipped[str(name)]


def list_sheets() -> dict[str, Sheet]:
    """The sheets that come with Toile, by name."""
    return {path.stem: read_sheet(path) for path in sorted(FOLDER.glob("*.yaml"))}


def sheet_text(sheet: Sheet) -> str:
    """`sheet` as YAML that reads back as the same sheet."""
    document = sheet.model_dump(mode="json", exclude_defaults=True)
    return yaml_text(versioned("sheet.yaml", {"name": sheet.name, **document}))


def name_values(node: yaml.Node) -> yaml.Node:
    """Every list that is varied or searched as a mapping by what was written: `1e-4` stays it."""
    if isinstance(node, yaml.SequenceNode):
        node.value = [name_values(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        node.value = [
            (key, _named(value) if key.value in ("vary", "over") else name_values(value))
            for key, value in node.value
        ]
    return node


def _named(node: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.MappingNode):
        node.value = [(address, name_items(values)) for address, values in node.value]
    return node


def _resolve_files(value: Any, folder: Path) -> None:
    """Make the recipes and photographs that `value` names the files in `folder`, if they are."""
    if isinstance(value, list):
        for item in value:
            _resolve_files(item, folder)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("recipe", "photo") and isinstance(inner, str):
                if (folder / inner).is_file():
                    value[key] = str((folder / inner).resolve())
            else:
                _resolve_files(inner, folder)


def _exercise(fields: Any, number: int) -> Exercise:
    # `show:` alone shows what it shows by default.
    if isinstance(fields, dict):
        fields = {
            key: {} if value is None and key in KINDS else value for key, value in fields.items()
        }
    return settings_of(Exercise, fields, f"exercise {number}")


def _refuse_side(sheet: Sheet, number: int, side: Side) -> None:
    if side.exercise is None:
        return
    kinds = [exercise.kind for exercise in sheet.exercises[: number - 1]]
    if side.exercise > len(kinds) or kinds[side.exercise - 1] not in ("study", "search"):
        able = [str(n) for n, kind in enumerate(kinds, 1) if kind in ("study", "search")]
        raise ToileError(
            f"exercise {number} compares exercise {side.exercise}; what can be compared is an "
            f"earlier study or search: {', '.join(able) or 'there is none'}"
        )
