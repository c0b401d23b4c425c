"""The pages of runs: opened in a new tab, and rewritten after a change."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from toile.app.session import CurrentSession, NotHere, Session, StillOpening

router = APIRouter()
# Rewriting a page takes a second or two, and 5 if torch has to be loaded first.
RENEWAL_SECONDS = 20.0
LOOK_SECONDS = 1.0


class Ticket(BaseModel):
    """A path that opens a run's page for ten minutes."""

    path: str


class RenewedPage(BaseModel):
    """Why a page could not be rewritten; empty if it was rewritten or did not need it."""

    reason: str


@router.post("/runs/{run_id}/page")
def open_page(session: CurrentSession, run_id: str) -> Ticket:
    """A path at which a new tab, which has no token, opens the run's page."""
    run = session.run(run_id)
    if not (run.folder / "report.html").is_file():
        if session.is_writing_page(run_id):
            raise NotHere(f"the page of {run_id} is being written; open it in a moment")
        raise NotHere(f"{run_id} has no page yet; it is written when its training ends")
    return Ticket(path=session.tickets.new(run_id))


@router.get("/runs/{run_id}/page")
def get_renewed_page(session: CurrentSession, run_id: str) -> RenewedPage:
    """Whether the run's page shows its present name, note and star; 202 while it is rewritten."""
    act = session.pages.get(session.run(run_id).id)
    if act is None:
        return RenewedPage(reason="")
    session.pages.wait(run_id, LOOK_SECONDS)
    if not act.is_over:
        raise StillOpening(act)
    return RenewedPage(reason=act.reason or (act.result or {}).get("reason", ""))


def page_of(session: Session, request: Request) -> Response:
    """A run's page by its ticket; waits while the page is being rewritten.

    A page may contain text of strangers, so it may run no scripts and load nothing.
    """
    run_id = session.tickets.run_of(request.scope["path"])
    if run_id is None:
        raise NotHere("this path has expired; open the page from the list of runs again")
    session.pages.wait(run_id, RENEWAL_SECONDS)
    try:
        content = (session.run(run_id).folder / "report.html").read_bytes()
    except FileNotFoundError:
        raise NotHere(
            f"{run_id} has no page any more; it is written when its training ends"
        ) from None
    policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
    return Response(content, headers={"content-security-policy": policy}, media_type="text/html")
