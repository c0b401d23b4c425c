"""What a user says of a run, and runs deleted and brought back."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from toile.app.routes.runs import RunRow, row_of
from toile.app.session import CurrentSession, Session
from toile.errors import ToileError
from toile.runs import Run, RunsFolder

router = APIRouter()


class Remark(BaseModel):
    """A user's star, note or name for a run; null leaves it unchanged. A new name is a new id."""

    star: bool | None = None
    note: str | None = Field(default=None, max_length=20_000)
    name: str | None = Field(default=None, max_length=200)


class BinnedRow(BaseModel):
    """A deleted entry and its time in seconds since 1970; after restoring, its id is its name."""

    name: str
    kind: str
    deleted: float


@router.delete("/runs/{run_id}")
def delete_run(session: CurrentSession, run_id: str) -> None:
    """Move a run to the bin, from where it is deleted after thirty days."""
    workspace, run = RunsFolder(session.workspace), session.run(run_id)
    _refuse_if_queued(session, run_id)
    session.pages.stop(run_id)
    session.pages.forget(run_id)
    workspace.remove(workspace.named(run.folder))


@router.get("/bin")
def list_bin(session: CurrentSession) -> list[BinnedRow]:
    """The deleted entries that can be restored, the last deleted first."""
    return [
        BinnedRow(name=item.name, kind=item.entry.kind, deleted=item.deleted.timestamp())
        for item in RunsFolder(session.workspace).binned()
    ]


@router.post("/bin/{name}/restore")
def restore_run(session: CurrentSession, name: str) -> None:
    """Restore the last deleted entry of this name."""
    RunsFolder(session.workspace).restore(name)


@router.patch("/runs/{run_id}")
def remark_run(session: CurrentSession, run_id: str, remark: Remark) -> RunRow:
    """Set or remove a run's star or note, or change its name.

    Its page is rewritten afterwards.
    """
    workspace, run = RunsFolder(session.workspace), session.run(run_id)
    new_name = None if remark.name == run_id else remark.name
    if new_name is not None:
        _refuse_if_queued(session, run_id)
    try:
        if remark.star is not None:
            workspace.star(run.folder, remark.star)
        if remark.note is not None and remark.note.strip():
            workspace.note(run.folder, remark.note)
        elif remark.note is not None:
            workspace.remove_note(run.folder)
        if new_name is not None:
            # Nothing may write into a folder while it is renamed.
            session.pages.stop(run_id)
            run = Run(workspace.rename(run.folder, new_name).folder)
    finally:
        # Also where the name was refused, since star and note are kept by then.
        session.renew_page(run)
    return row_of(run)


def _refuse_if_queued(session: Session, run_id: str) -> None:
    """Raise ToileError where a process of the queue writes into the run's folder, or will."""
    if session.is_writing_page(run_id):
        raise ToileError(f"the page of {run_id} is being written; try it again in a moment")
    statuses = {job.status for job in session.queue.jobs() if job.id == run_id}
    if "waiting" in statuses:
        raise ToileError(f"{run_id} waits in the queue to go on; take it out of that first")
    if "training" in statuses:
        # Its process holds the folder only once it has read the data.
        raise ToileError(f"{run_id} is being trained; stop it first")
