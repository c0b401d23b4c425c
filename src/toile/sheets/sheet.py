"""A lab sheet's settings: exercises in order, shared settings, and the changes of `--quick`.

An exercise has a question and at most one task: `show`, `study`, `compare`, `search` or `export`.
Without a task it is an open question with a written answer.
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
    """The first training images, with their classes."""

    images: int = Field(9, ge=1, le=400, description="Number of images")


class Side(Settings):
    """One side of a comparison: a level of an earlier exercise, or a run."""

    exercise: Annotated[int, Field(ge=1)] | None = Field(None, description="Number of the exercise")
    # Empty instead of None, because `off` is a possible name of a level, but means None in an
    # optional setting.
    level: str = Field("", description="Level of the exercise")
    run: str | None = Field(None, description="A run by name or folder, instead of an exercise")

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Side":
        if (self.exercise is None) == (self.run is None):
            raise ValueError("name either an exercise with its level, or a run")
        return self


class Compare(Settings):
    """Two levels of studies compared by their readings, or two runs by their predictions."""

    first: Side = Field(description="The first side")
    second: Side = Field(description="The second side")
    margin: float = Field(0.005, gt=0, lt=1, description="Differences up to this do not matter")

    @model_validator(mode="after")
    def _sides_are_alike(self) -> "Compare":
        if (self.first.run is None) != (self.second.run is None):
            raise ValueError("compare two levels or two runs, not a level with a run")
        return self


class Export(Settings):
    """Train a network, export it as a Keras file, open the file, and classify a photograph."""

    recipe: Source | None = Field(None, description="A recipe instead of the sheet's")
    photo: str | None = Field(
        None, description="A picture in the sheet's folder; by default a validation image"
    )
    seed: int = Field(0, ge=0, lt=2**62, description="The training's seed")


class Exercise(Settings):
    """One exercise: a question, an expectation, and a task."""

    title: str = Field(min_length=1, max_length=200, description="The title in a few words")
    question: Text = Field("", description="The question to answer")
    expect: Text = Field("", description="The question about the expected result, before the run")
    set: dict[str, Any] = Field({}, description="Settings held fixed in this exercise, by address")
    show: Show | None = Field(None, description="Show images")
    study: dict[str, Any] | None = Field(None, description="A study's settings")
    compare: Compare | None = Field(None, description="Compare two levels or two runs")
    search: dict[str, Any] | None = Field(None, description="A search's settings")
    export: Export | None = Field(None, description="Train, export, predict")
    quick: dict[str, Any] = Field({}, description="Changes of the study or search with --quick")

    @model_validator(mode="after")
    def _has_one_kind(self) -> "Exercise":
        done = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(done) > 1:
            raise ValueError(
                f"it has {' and '.join(done)}; an exercise has one task: delete others"
            )
        if not done and not self.question:
            raise ValueError("it has no task and no question; write one of them")
        return self

    @property
    def kind(self) -> str:
        """One of `KINDS`, or `question`."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), "question")

    @property
    def sides(self) -> tuple[Side, ...]:
        """The two sides of a comparison; empty for other exercises."""
        return () if self.compare is None else (self.compare.first, self.compare.second)


class Quick(Settings):
    """The changes of `--quick`, with which a sheet takes about a minute."""

    set: dict[str, Any] = Field(
        {"data.name": "fashion-sample", "training.epochs": 1},
        description="Settings changed, by address",
    )
    readings: int = Field(2, ge=1, le=1000, description="Most readings of a level")
    trials: int = Field(4, ge=1, le=1000, description="Most trials of a search")


class Sheet(Settings):
    """Exercises in order, with one recipe."""

    name: str = Field(
        "sheet", pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=60, description="Name of its folder"
    )
    title: str = Field(min_length=1, max_length=200, description="Title of the report")
    intro: Text = Field("", description="Introduction of the report")
    recipe: Source = Field("s1-lab", description="Recipe of every exercise without another one")
    set: dict[str, Any] = Field({}, description="Settings held fixed in the whole sheet")
    exercises: tuple[Exercise, ...] = Field(
        min_length=1, max_length=100, strict=False, description="The exercises in order"
    )
    quick: Quick = Field(Quick(), description="Changes of --quick")


def sheet_of(document: Document) -> Sheet:
    """The sheet of a document, also of one with an older `version`.

    Raises ToileError that names the setting, the value and the rule.
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
    """The sheet of a file, or the one of this name that comes with Toile.

    Recipes and photographs that it names are searched for in its folder.
    """
    path = sheet_path(name)
    document = read_value(read_text(path), str(path), name_values)
    if not isinstance(document, dict):
        raise ToileError(f"{path} is no sheet; write a title, and exercises as a list")
    _resolve_files(document, path.parent)
    try:
        return sheet_of(from_file({"name": recipe_name(path), **document}))
    except ToileError as error:
        raise ToileError(f"{path}: {error}") from None


def sheet_path(name: str | Path) -> Path:
    """The path of a sheet: of a file, or of one that comes with Toile."""
    shipped = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
    if Path(name).is_file():
        return Path(name)
    if str(name) not in shipped:
        near = did_you_mean_file(name) or did_you_mean(str(name), shipped)
        raise ToileError(
            f"there is no file {name}, and no sheet of this name comes with Toile; its sheets are "
            f"{', '.join(shipped)}; `toile sheet new FILE` writes a sheet to edit{near}"
        )
    return shipped[str(name)]


def list_sheets() -> dict[str, Sheet]:
    """The sheets that come with Toile, by name."""
    return {path.stem: read_sheet(path) for path in sorted(FOLDER.glob("*.yaml"))}


def sheet_text(sheet: Sheet) -> str:
    """`sheet` as YAML, from which `read_sheet` reads the same sheet."""
    document = sheet.model_dump(mode="json", exclude_defaults=True)
    return yaml_text(versioned("sheet.yaml", {"name": sheet.name, **document}))


def name_values(node: yaml.Node) -> yaml.Node:
    """Change varied or searched lists to mappings by their text, so `1e-4` stays `1e-4`."""
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
    """Replace names of recipes and photographs in `value` by paths, if `folder` has such files."""
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
    # `show:` without settings has the default ones.
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
            f"exercise {number} compares exercise {side.exercise}; name an earlier study or "
            f"search: {', '.join(able) or 'there is none'}"
        )
