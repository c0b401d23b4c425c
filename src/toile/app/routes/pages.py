"""The pages of runs: opened in a tab of their own, and written anew."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from toile.app.session import CurrentSession, NotHere, Session, StillOpening

router = APIRouter()
# A page is renewed in a second or two, and 5 where torch has to be loaded first.
RENEWAL_SECONDS = 20.0
LOOK_SECONDS = 1.0


class Ticket(BaseModel):
    """A path that opens a run's page for some minutes."""

    path: str


class RenewedPage(BaseModel):
    """Of a page that was to be written anew: why it is as it was; empty where it is not."""

    reason: str


@router.post("/runs/{run_id}/page")
def open_page(session: CurrentSession, run_id: str) -> Ticket:
    """A path for a new tab to open the run's page at; it has no token to show."""
    run = session.run(run_id)
    if not (run.folder / "report.html").is_file():
        raise NotHere(f"{run_id} has no page yet; it is written when its training ends")
    return Ticket(path=session.tickets.new(run_id))


@router.get("/runs/{run_id}/page")
def get_renewed_page(session: CurrentSession, run_id: str) -> RenewedPage:
    """Whether the run's page tells what is said of it now; asked again while that is written."""
    act = session.pages.look(session.run(run_id).id)
    if act is None:
        return RenewedPage(reason="")
    session.pages.wait(run_id, LOOK_SECONDS)
    if not act.is_over:
        raise StillOpening(act)
    return RenewedPage(reason=act.reason or (act.result or {}).get("reason", ""))


def page_of(session: Session, request: Request) -> Response:
    """A run's page by its ticket. It may hold anybody's words, so it can run and ask nothing.

    Where it is being written anew that is waited for.
    """
    run_id = session.tickets.run_of(request.scope["path"])
    if run_id is None:
        raise NotHere("this page is no longer open; open it from the list of runs again")
    session.pages.wait(run_id, RENEWAL_SECONDS)
    try:
        content = (session.run(run_id).folder / "report.html").read_bytes()
    except FileNotFoundError:
        raise NotHere(
            f"{run_id} has no page any more; it is written when its training ends"
        ) from None
    policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
    return Response(content, headers={"content-security-policy": policy}, media_type="text/html")
