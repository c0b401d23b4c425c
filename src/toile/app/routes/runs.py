"""Runs: what was trained, its curves, and several side by side."""

import hashlib
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

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
    why_not_continued,
)

router = APIRouter()
MOST_COMPARED = 8


class RunRow(BaseModel):
    """A run in a list. `accuracy` is a fraction of validation; `seen` must be said beside it."""

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


class Remark(BaseModel):
    """What a user says of a run; what is left out stays as it is. A new name is its new id."""

    star: bool | None = None
    note: str | None = Field(default=None, max_length=20_000)
    name: str | None = Field(default=None, max_length=200)


class BinnedRow(BaseModel):
    """One that was deleted, at a time in seconds since 1970; its name is its id once more."""

    name: str
    kind: str
    deleted: float


class RunList(BaseModel):
    """Every run of the workspace, the last to come further first; `version` tells a change."""

    runs: list[RunRow]
    version: str


class ScoreAnswer(BaseModel):
    """A fraction in [0, 1] with its 95 % interval, of `n` pictures."""

    value: float | None
    low: float
    high: float
    n: int


class LayerCell(BaseModel):
    """A layer of a network strip."""

    name: str
    kind: str
    output: list[int]
    parameters: int
    macs: int
    sees_px: int
    inside: list["LayerCell"] = []


class RunDetail(BaseModel):
    """One run. `score` is there once it has ended; `of` says which pictures it was measured on.

    `cannot_continue` says why it can be trained no longer, and is empty where it can;
    `enough_epochs` is how many it can go on to, where its steps are few to learn from; else null.
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
    num_validation: int
    class_names: list[str]
    shape: list[int]
    recipe: str
    notes: list[str]
    layers: list[LayerCell]
    has_page: bool
    has_weights: bool


class HistoryAnswer(BaseModel):
    """What was written from `since` on; ask again from `until`. `since` is 0 after a cut."""

    records: list[dict[str, Any]]
    since: int
    until: int
    row: RunRow


class ClassRecall(BaseModel):
    """The fraction of a class's pictures that is answered right, with its 95 % interval, and the
    commonest wrong answer to the others.
    """

    name: str
    recall: ScoreAnswer
    mistaken_for: str
    mistakes: int


class RecallAnswer(BaseModel):
    """The recall of each class after `epoch`; `of` says which pictures it was measured on."""

    epoch: int
    of: str
    classes: list[ClassRecall]


class DifferingSetting(BaseModel):
    """A setting in which runs differ, and its value in each."""

    address: str
    values: list[str]


class McNemarAnswer(BaseModel):
    """McNemar's exact test of two runs on the pictures both are scored on."""

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float


class RunComparison(BaseModel):
    """Runs side by side; `refusal` says why there is no test where there is none for two."""

    runs: list[RunDetail]
    differences: list[DifferingSetting]
    alike: int
    test: McNemarAnswer | None
    refusal: str


@router.get("/runs")
def get_runs(session: CurrentSession, known: str = "") -> RunList:
    """The runs; none of them where `known` is the list's version still."""
    rows = [_row(entry) for entry in RunsFolder(session.workspace).runs()]
    text = "\n".join(row.model_dump_json() for row in rows)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return RunList(runs=[] if version == known else rows, version=version)


@router.get("/runs/{run_id}")
def get_run(session: CurrentSession, run_id: str) -> RunDetail:
    """One run."""
    return _detail(session.run(run_id))


@router.get("/runs/{run_id}/history")
def get_history(
    session: CurrentSession, run_id: str, since: Annotated[int, Query(ge=0)] = 0
) -> HistoryAnswer:
    """A run's curve from a place on."""
    run = session.run(run_id)
    part = history_since(run.folder, since)
    return HistoryAnswer(
        records=list(part.records), since=part.since, until=part.until, row=_row_of(run)
    )


@router.get("/runs/{run_id}/recall")
def get_recall(session: CurrentSession, run_id: str) -> RecallAnswer:
    """How well each class is answered by the weights of the last epoch scored."""
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


@router.delete("/runs/{run_id}")
def delete_run(session: CurrentSession, run_id: str) -> None:
    """Delete a run; it lies in the bin for thirty days."""
    workspace, run = RunsFolder(session.workspace), session.run(run_id)
    session.pages.stop(run_id)
    session.pages.forget(run_id)
    workspace.remove(workspace.named(run.folder))


@router.get("/bin")
def list_bin(session: CurrentSession) -> list[BinnedRow]:
    """What was deleted and can be brought back, the last deleted first."""
    return [
        BinnedRow(name=item.name, kind=item.entry.kind, deleted=item.deleted.timestamp())
        for item in RunsFolder(session.workspace).binned()
    ]


@router.post("/bin/{name}/restore")
def restore_run(session: CurrentSession, name: str) -> None:
    """Bring back what was deleted last under this name."""
    RunsFolder(session.workspace).restore(name)


@router.patch("/runs/{run_id}")
def remark_run(session: CurrentSession, run_id: str, remark: Remark) -> RunRow:
    """Give a run a star, a note or another name, or take a star or a note away.

    Its page tells them too a while later.
    """
    workspace, run = RunsFolder(session.workspace), session.run(run_id)
    if remark.star is not None:
        workspace.star(run.folder, remark.star)
    if remark.note is not None and remark.note.strip():
        workspace.note(run.folder, remark.note)
    elif remark.note is not None:
        workspace.remove_note(run.folder)
    if remark.name is not None and remark.name != run_id:
        # Nobody may write into a folder while it gets another name.
        session.pages.stop(run_id)
        run = Run(workspace.rename(run.folder, remark.name).folder)
    session.renew_page(run)
    return _row_of(run)


@router.get("/compare")
def compare_runs(session: CurrentSession, run: Annotated[list[str], Query()]) -> RunComparison:
    """Runs side by side: in what their recipes differ, and which of two is right more often."""
    if not 1 <= len(set(run)) == len(run) <= MOST_COMPARED:
        raise ToileError(
            f"{len(run)} runs are to be compared; it is 1 to {MOST_COMPARED}, each once"
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
    state = asdict(entry.state)
    fields = {name: state[name] for name in RunRow.model_fields if name in state}
    return RunRow(
        id=entry.run.id,
        changed=entry.changed,
        star=entry.remarks.star,
        note=entry.remarks.note,
        **fields,
    )


def _row_of(run: Run) -> RunRow:
    changed = (run.folder / "state.json").stat().st_mtime
    return _row(Listed(run, read_state(run.folder), changed, shown_remarks(run.folder)))


def _detail(run: Run) -> RunDetail:
    row, recipe, facts = _row_of(run), run.recipe, run.data
    has_results = (run.folder / "results.json").exists()
    results = run.results if has_results else None
    # Without validation images nothing was scored, and no epoch chosen.
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
    """A planned layer for a network strip."""
    return LayerCell(
        name=planned.name,
        kind=planned.layer.kind,
        output=list(planned.output),
        parameters=planned.parameters,
        macs=planned.macs,
        sees_px=planned.receptive_field_px,
        inside=[layer_cell(layer) for layer in planned.branch + planned.shortcut],
    )
