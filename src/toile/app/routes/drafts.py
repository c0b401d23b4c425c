"""Drafts: unfinished work that pages store on the server."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from toile.app.routes.sources import elsewhere_of_draft
from toile.app.session import CurrentSession

router = APIRouter()


class Draft(BaseModel):
    """A draft's content, whose form only its page knows."""

    content: dict[str, Any]


@router.get("/drafts")
def list_drafts(session: CurrentSession) -> list[str]:
    """The names of the drafts, the last changed first."""
    return session.drafts.names()


@router.get("/drafts/{name}")
def get_draft(session: CurrentSession, name: str) -> Draft:
    """A draft; an empty one if there is none."""
    return Draft(content=session.drafts.read(name) or {})


@router.put("/drafts/{name}")
def keep_draft(session: CurrentSession, name: str, draft: Draft) -> None:
    """Store a draft and replace an earlier one of its name."""
    session.drafts.write(name, draft.content, elsewhere_of_draft(session, draft.content))


@router.delete("/drafts/{name}")
def delete_draft(session: CurrentSession, name: str) -> None:
    """Delete a draft."""
    session.drafts.remove(name)
