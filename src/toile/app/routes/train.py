"""Train: a recipe's settings as a form, and the queue of trainings."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from toile.app.routes.imports import ImportRow, import_rows
from toile.app.routes.runs import LayerCell, layer_cell
from toile.app.routes.sources import recipe_from, refuse_unknown_data
from toile.app.session import CurrentSession, Session
from toile.data import list_sources
from toile.errors import ToileError
from toile.executors import Job
from toile.recipe import (
    Recipe,
    enough_training,
    list_presets,
    parse_assignments,
    plan_network,
    recipe_text,
    refuse_blank_pictures,
    settings_form,
    steps_per_epoch,
    with_settings,
)

router = APIRouter()
MOST_CHANGES = 200


class PresetRow(BaseModel):
    """A preset: its name, its title and its data."""

    name: str
    title: str
    data: str


class SourceRow(BaseModel):
    """A dataset known by name or added here; `here` says whether it is on this machine.

    `values` are the settings of a recipe that reads it, `data.name` first.
    """

    name: str
    values: dict[str, str]
    here: bool
    num_train: int
    num_test: int
    num_classes: int
    shape: list[int]
    download_bytes: int


class TrainingChoices(BaseModel):
    """The recipes and data that a training can begin with."""

    presets: list[PresetRow]
    sources: list[SourceRow]
    drafts: list[str]


class TrainingRequest(BaseModel):
    """A recipe and changes of it, each `address=value` as after `--set`."""

    source: str = Field(max_length=200_000)
    changes: list[str] = Field(default=[], max_length=MOST_CHANGES)


class StartPreview(BaseModel):
    """The layers copied from another run, and those frozen, or the problem."""

    copied: list[str]
    frozen: list[str]
    problem: str


class FormSetting(BaseModel):
    """A setting of the form, with its value, its default, its range and its meaning."""

    address: str
    value: str
    default: str
    rule: str
    meaning: str
    choices: list[str]
    is_group: bool


class EnoughTraining(BaseModel):
    """Images per step and epochs with which a training has enough steps."""

    batch_size: int
    epochs: int


class RecipeForm(BaseModel):
    """A recipe as a form. `refused` has a sentence for each impossible change."""

    name: str
    title: str
    settings: list[FormSetting]
    refused: dict[str, str]
    problem: str = Field(description="Why the network cannot be trained so; empty if it can")
    layers: list[LayerCell]
    parameters: int | None
    macs: int | None
    num_training: int | None
    num_steps: int | None = Field(description="Steps of the whole training; null for unknown data")
    enough: EnoughTraining | None = Field(
        description="What makes enough steps, if those of the recipe are too few; else null"
    )
    text: str


class JobRow(BaseModel):
    """A training in the queue, by its run's id; `stopping` is true after a request to stop.

    `ended` is true while its process only has the run's page left to write.
    """

    id: str
    name: str
    epochs: int
    cores: int
    goes_on: bool
    status: str
    reason: str
    started: float
    stopping: bool
    ended: bool


class Queue(BaseModel):
    """The running and waiting trainings in order, the number of cores for them, and imports."""

    jobs: list[JobRow]
    cores: int
    imports: list[ImportRow]


class Longer(BaseModel):
    """The total epochs to which a run goes on; null means those of its recipe."""

    epochs: int | None = Field(default=None, ge=1, le=10_000)


class QueuePosition(BaseModel):
    """A position among the waiting trainings; 0 is the first."""

    position: int = Field(ge=0, le=10_000)


@router.get("/choices")
def get_choices(session: CurrentSession) -> TrainingChoices:
    """Presets, datasets known by name, and drafts of recipes."""
    return TrainingChoices(
        presets=[
            PresetRow(name=name, title=preset.about.title, data=preset.data.name)
            for name, preset in list_presets().items()
        ],
        sources=[
            SourceRow(
                name=entry.name,
                values={"data.name": entry.path}
                | {f"data.{name}": str(value) for name, value in entry.settings.items()},
                here=True,
                num_train=entry.num_images[0],
                num_test=entry.num_images[1],
                num_classes=entry.num_classes,
                shape=list(entry.shape),
                download_bytes=0,
            )
            for entry in session.datasets.entries()
        ]
        + [
            SourceRow(
                name=source.name,
                values={"data.name": source.name},
                here=source.path is not None,
                num_train=source.num_images[0],
                num_test=source.num_images[1],
                num_classes=source.num_classes,
                shape=list(source.shape),
                download_bytes=source.download_bytes,
            )
            for source in list_sources()
        ],
        drafts=[name for name in session.drafts.names() if name.startswith("build-")],
    )


@router.post("/form")
def get_form(session: CurrentSession, body: TrainingRequest) -> RecipeForm:
    """A recipe's settings, with the possible changes made."""
    recipe, refused = _changed(recipe_from(session, body.source), body.changes)
    problem, plan = "", None
    try:
        refuse_unknown_data(session, body.source, recipe)
    except ToileError as error:
        problem = str(error)
    data_shape = session.data_size(recipe.data)
    if data_shape is not None:
        try:
            plan = plan_network(recipe.network, data_shape.shape, data_shape.classes)
        except ToileError as error:
            problem = str(error)
    enough = enough_training(recipe.training, data_shape.num_training) if data_shape else None
    return RecipeForm(
        name=recipe.name,
        title=recipe.about.title,
        settings=[
            FormSetting(
                address=row.setting.address,
                value=row.value,
                default=row.setting.default,
                rule=row.setting.rule,
                meaning=row.setting.description,
                choices=list(row.setting.choices),
                is_group=row.is_group,
            )
            for row in settings_form(recipe)
        ],
        refused=refused,
        problem=problem,
        layers=[layer_cell(layer) for layer in plan.layers] if plan else [],
        parameters=plan.parameters if plan else None,
        macs=plan.macs if plan else None,
        num_training=data_shape.num_training if data_shape else None,
        num_steps=(
            steps_per_epoch(data_shape.num_training, recipe.training.batch_size)
            * recipe.training.epochs
            if data_shape
            else None
        ),
        enough=EnoughTraining(**vars(enough)) if enough else None,
        text=recipe_text(recipe),
    )


@router.post("/start")
def preview_start(session: CurrentSession, body: TrainingRequest) -> StartPreview:
    """The layers that a recipe copies from another run, and those it freezes."""
    recipe, refused = _changed(recipe_from(session, body.source), body.changes)
    start, size = recipe.training.start, session.data_size(recipe.data)
    if refused or start is None or size is None:
        return StartPreview(copied=[], frozen=[], problem="; ".join(refused.values()))
    question = {
        "verb": "start",
        "recipe": recipe_text(recipe),
        "shape": list(size.shape),
        "classes": size.classes,
    }
    try:
        return StartPreview.model_validate(session.answering.ask(question) | {"problem": ""})
    except ToileError as error:
        return StartPreview(copied=[], frozen=[], problem=str(error))


@router.get("/queue")
def get_queue(session: CurrentSession) -> Queue:
    """The running and waiting trainings."""
    return _queue(session)


@router.post("/queue")
def add_training(session: CurrentSession, body: TrainingRequest) -> JobRow:
    """Train a recipe as a new run, as soon as cores are free."""
    recipe, refused = _changed(recipe_from(session, body.source), body.changes)
    if refused:
        raise ToileError("; ".join(refused.values()))
    refuse_unknown_data(session, body.source, recipe)
    data_shape = session.data_size(recipe.data)
    if data_shape is not None:
        plan_network(recipe.network, data_shape.shape, data_shape.classes)
        refuse_blank_pictures(recipe.augmentation, data_shape.shape)
    job = session.queue.add(recipe)
    session.queue.advance()
    return _job(session, job)


@router.post("/runs/{run_id}/longer")
def train_longer(session: CurrentSession, run_id: str, body: Longer) -> JobRow:
    """Continue the training of a run."""
    job = session.queue.add_longer(session.run(run_id), body.epochs)
    session.queue.advance()
    return _job(session, job)


@router.post("/queue/{run_id}/stop")
def stop_training(session: CurrentSession, run_id: str) -> None:
    """Stop a training at its next step, with a checkpoint.

    A training that has not begun is removed from the queue.
    """
    session.queue.stop(run_id)


@router.post("/queue/{run_id}/move")
def move_training(session: CurrentSession, run_id: str, body: QueuePosition) -> Queue:
    """Change the order of the waiting trainings."""
    session.queue.move(run_id, body.position)
    return _queue(session)


@router.delete("/queue/{run_id}")
def remove_training(session: CurrentSession, run_id: str) -> Queue:
    """Remove a training that waits or failed to begin from the queue."""
    session.queue.remove(run_id)
    return _queue(session)


def _changed(recipe: Recipe, changes: list[str]) -> tuple[Recipe, dict[str, str]]:
    """The recipe with the possible changes, and the errors of the others by their address."""
    refused: dict[str, str] = {}
    for change in changes:
        try:
            ((address, value),) = parse_assignments([change]).items()
            recipe = with_settings(recipe, {address: value})
        except ToileError as error:
            refused[change.partition("=")[0]] = str(error)
    return recipe, refused


def _queue(session: CurrentSession) -> Queue:
    jobs = [_job(session, job) for job in session.queue.jobs()]
    return Queue(jobs=jobs, cores=session.queue.cores, imports=import_rows(session))


def _job(session: Session, job: Job) -> JobRow:
    fields: dict[str, Any] = {
        name: value for name, value in vars(job).items() if name in JobRow.model_fields
    }
    return JobRow(**fields, ended=session.queue.has_ended(job))
