"""Uploads: files sent by a page, before they are read as a dataset."""

from contextlib import suppress

from fastapi import APIRouter, Request
from pydantic import BaseModel

from toile.app.session import CurrentSession
from toile.errors import ToileError

router = APIRouter()


class NewUpload(BaseModel):
    """The id of a new upload."""

    upload: str


class BroughtFile(BaseModel):
    """The size of an uploaded file."""

    name: str
    num_bytes: int


@router.post("/uploads")
def begin_upload(session: CurrentSession) -> NewUpload:
    """Begin an upload of files."""
    return NewUpload(upload=session.uploads.new())


@router.put("/uploads/{upload}/{file_name}")
async def bring_file(
    request: Request, session: CurrentSession, upload: str, file_name: str
) -> BroughtFile:
    """Upload a file, whose bytes are the body."""
    num_bytes = await session.uploads.write(upload, file_name, request.stream())
    return BroughtFile(name=file_name, num_bytes=num_bytes)


@router.get("/uploads/{upload}")
def list_upload(session: CurrentSession, upload: str) -> list[BroughtFile]:
    """The files of an upload, for a page that was reloaded."""
    files = []
    for file in session.uploads.files(upload):
        # An import that has just finished deletes its file.
        with suppress(FileNotFoundError):
            files.append(BroughtFile(name=file.name, num_bytes=file.stat().st_size))
    return files


@router.delete("/uploads/{upload}")
def drop_upload(session: CurrentSession, upload: str) -> None:
    """Delete uploaded files that became no dataset."""
    folder = session.uploads.path(upload)
    reading = [
        *session.acts.unfinished("add:").values(),
        *session.imports.unfinished(upload).values(),
    ]
    if any(not act.is_over and folder.name in act.question["path"] for act in reading):
        raise ToileError("these files are being read; stop the reading first")
    session.uploads.remove(upload)
