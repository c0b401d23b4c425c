"""Drafts: what pages keep on the server while it is being made."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from toile.app.session import CurrentSession

router = APIRouter()


class Draft(BaseModel):
    """A draft's content, which only its page knows how to read."""

    content: dict[str, Any]


@router.get("/drafts")
def list_drafts(session: CurrentSession) -> list[str]:
    """The names of the drafts, the one last changed first."""
    return session.drafts.names()


@router.get("/drafts/{name}")
def get_draft(session: CurrentSession, name: str) -> Draft:
    """A draft; an empty one where there is none."""
    return Draft(content=session.drafts.read(name) or {})


@router.put("/drafts/{name}")
def keep_draft(session: CurrentSession, name: str, draft: Draft) -> None:
    """Keep a draft, in place of one of its name."""
    session.drafts.write(name, draft.content)


@router.delete("/drafts/{name}")
def delete_draft(session: CurrentSession, name: str) -> None:
    """Forget a draft."""
    session.drafts.remove(name)
