"""Runs: their list, their curves, and their comparison."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel

from toile.app.session import CurrentSession
from toile.errors import ToileError
from toile.evaluation import confusion_matrix, recalls
from toile.recipe import (
    differing_parts,
    recipe_text,
    setting_text,
    steps_per_epoch,
)
from toile.runs import (
    Listed,
    Run,
    RunsFolder,
    compare_predictions,
    enough_epochs_of,
    history_since,
    read_state,
    scored_images,
    scored_part,
    shown_remarks,
    why_data_unknown,
    why_not_continued,
)

router = APIRouter()
MOST_COMPARED = 8


class RunRow(BaseModel):
    """A run in a list. `accuracy` is the fraction correct in validation; show `seen` next to it."""

    id: str
    name: str
    data: str
    seed: int
    status: str
    reason: str
    epoch: int
    epochs: int
    accuracy: float | None
    parameters: int
    created: str
    changed: float
    seen: str
    star: bool
    note: str


RUN_FIELDS = frozenset(RunRow.model_fields)


class RunList(BaseModel):
    """The runs of the workspace, the last changed first; a new `version` means a change."""

    runs: list[RunRow]
    version: str


class ScoreAnswer(BaseModel):
    """A fraction in [0, 1] with its 95 % interval, of `n` pictures."""

    value: float | None
    low: float
    high: float
    n: int


class LayerCell(BaseModel):
    """A layer of a network, as the page draws it."""

    name: str
    kind: str
    output: list[int]
    parameters: int
    macs: int
    sees_px: int
    inside: list["LayerCell"] = []


class RunDetail(BaseModel):
    """One run. `score` is null until it has ended; `of` says which pictures were scored.

    `cannot_continue` says why the run cannot be trained longer, and is empty if it can.
    `enough_epochs` is a number of epochs with enough steps if it had too few, or else null.
    `data_elsewhere` says where the data of a bundled run lies if that is not known here.
    """

    row: RunRow
    score: ScoreAnswer | None
    of: str
    best_epoch: int | None
    seconds: float | None
    num_train: int
    steps_per_epoch: int
    cannot_continue: str
    enough_epochs: int | None
    data_elsewhere: str
    num_validation: int
    class_names: list[str]
    shape: list[int]
    recipe: str
    notes: list[str]
    layers: list[LayerCell]
    has_page: bool
    has_weights: bool


class HistoryAnswer(BaseModel):
    """The records from `since` on; ask again from `until`. After a cut of the file `since` is 0."""

    records: list[dict[str, Any]]
    since: int
    until: int
    row: RunRow


class ClassRecall(BaseModel):
    """The recall of a class with its 95 % interval, and the commonest wrong prediction."""

    name: str
    recall: ScoreAnswer
    mistaken_for: str
    mistakes: int


class RecallAnswer(BaseModel):
    """The recall of each class after `epoch`; `of` says which pictures were scored."""

    epoch: int
    of: str
    classes: list[ClassRecall]


class DifferingSetting(BaseModel):
    """A setting that differs between runs, and its value in each."""

    address: str
    values: list[str]


class McNemarAnswer(BaseModel):
    """McNemar's exact test of two runs on the pictures that both were scored on."""

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float


class RunComparison(BaseModel):
    """Runs side by side; `refusal` says why two runs have no test."""

    runs: list[RunDetail]
    differences: list[DifferingSetting]
    alike: int
    test: McNemarAnswer | None
    refusal: str


@router.get("/runs")
def get_runs(session: CurrentSession, known: str = "") -> RunList:
    """The runs; an empty list if `known` is still the list's version."""
    listed = RunsFolder(session.workspace).runs()
    # Asked every second, and of a thousand runs the rows take longer than their hash.
    version = f"{hash(tuple(listed)) % 2**64:x}"
    return RunList(
        runs=[] if version == known else [_row(entry) for entry in listed], version=version
    )


@router.get("/runs/{run_id}")
def get_run(session: CurrentSession, run_id: str) -> RunDetail:
    """One run."""
    return _detail(session.run(run_id))


@router.get("/runs/{run_id}/history")
def get_history(
    session: CurrentSession, run_id: str, since: Annotated[int, Query(ge=0)] = 0
) -> HistoryAnswer:
    """A run's curve from `since` on."""
    run = session.run(run_id)
    part = history_since(run.folder, since)
    return HistoryAnswer(
        records=list(part.records), since=part.since, until=part.until, row=row_of(run)
    )


@router.get("/runs/{run_id}/recall")
def get_recall(session: CurrentSession, run_id: str) -> RecallAnswer:
    """The recall of each class with the weights of the last scored epoch."""
    run = session.run(run_id)
    epoch, recipe, validation = read_state(run.folder).epoch, run.recipe, run.validation
    scored = scored_images(recipe, validation)
    names = run.data.class_names
    predictions = validation.logits[scored].argmax(1)
    matrix = confusion_matrix(validation.labels[scored], predictions, len(names))
    wrong = matrix * (1 - np.eye(len(names), dtype=np.int64))
    return RecallAnswer(
        epoch=epoch,
        of=scored_part(recipe),
        classes=[
            ClassRecall(
                name=name,
                recall=ScoreAnswer.model_validate(recall.to_json()),
                mistaken_for=names[int(row.argmax())] if row.any() else "",
                mistakes=int(row.max()),
            )
            for name, recall, row in zip(names, recalls(matrix), wrong, strict=True)
        ],
    )


@router.get("/compare")
def compare_runs(session: CurrentSession, run: Annotated[list[str], Query()]) -> RunComparison:
    """Runs side by side: the different settings, and the test of two runs."""
    if not 1 <= len(set(run)) == len(run) <= MOST_COMPARED:
        raise ToileError(
            f"there are {len(run)} runs to compare; name 1 to {MOST_COMPARED}, each once"
        )
    runs = [session.run(name) for name in run]
    differing, alike = differing_parts([opened.recipe for opened in runs])
    test, refusal = None, ""
    if len(runs) == 2:
        try:
            test = McNemarAnswer(**compare_predictions(*runs).to_json())
        except ToileError as error:
            refusal = str(error)
    return RunComparison(
        runs=[_detail(opened) for opened in runs],
        differences=[
            DifferingSetting(address=address, values=[setting_text(value) for value in values])
            for address, values in differing.items()
        ],
        alike=alike,
        test=test,
        refusal=refusal,
    )


def _row(entry: Listed) -> RunRow:
    fields = {name: value for name, value in vars(entry.state).items() if name in RUN_FIELDS}
    return RunRow(
        id=entry.run.id,
        changed=entry.changed,
        star=entry.remarks.star,
        note=entry.remarks.note,
        **fields,
    )


def row_of(run: Run) -> RunRow:
    """A run as a list has it."""
    changed = (run.folder / "state.json").stat().st_mtime
    return _row(Listed(run, read_state(run.folder), changed, shown_remarks(run.folder)))


def _detail(run: Run) -> RunDetail:
    row, recipe, facts = row_of(run), run.recipe, run.data
    has_results = (run.folder / "results.json").exists()
    results = run.results if has_results else None
    # Without validation images there is no score and no best epoch.
    scored = results if facts.validation else None
    return RunDetail(
        row=row,
        score=ScoreAnswer.model_validate(scored.score.to_json()) if scored else None,
        of=scored.score.of if scored else "",
        best_epoch=scored.best.epoch if scored else None,
        seconds=results.seconds.total if results else None,
        num_train=facts.train,
        steps_per_epoch=steps_per_epoch(facts.train, recipe.training.batch_size),
        cannot_continue=why_not_continued(run),
        enough_epochs=enough_epochs_of(run),
        data_elsewhere=why_data_unknown(run),
        num_validation=facts.validation,
        class_names=list(facts.class_names),
        shape=list(facts.shape),
        recipe=recipe_text(recipe),
        notes=list(facts.notes),
        layers=[layer_cell(layer) for layer in run.plan.layers],
        has_page=(run.folder / "report.html").is_file(),
        has_weights=(run.folder / "last.safetensors").exists(),
    )


def layer_cell(planned: Any) -> LayerCell:
    """A planned layer, as the page draws it."""
    return LayerCell(
        name=planned.name,
        kind=planned.layer.kind,
        output=list(planned.output),
        parameters=planned.parameters,
        macs=planned.macs,
        sees_px=planned.receptive_field_px,
        inside=[layer_cell(layer) for layer in planned.branch + planned.shortcut],
    )
