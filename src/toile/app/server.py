"""The server of a workspace: its API and page, the guard before them, and the port."""

import mimetypes
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from toile.app.routes import ROUTERS
from toile.app.routes.acts import state_of
from toile.app.routes.pages import page_of
from toile.app.session import PAGES, CurrentSession, NotHere, Session, StillOpening
from toile.distribution import VERSION
from toile.errors import ToileError
from toile.guard import Guard
from toile.listening import listen

WEB = Path(str(files("toile.app"))) / "_web"
# Enough for a photograph; uploaded files of a dataset have another limit.
MOST_BYTES = 20_000_000
UPLOADS = "/api/uploads/"
UPLOAD_BYTES = 4_000_000_000
UPLOAD_SECONDS = 3600.0
BODY_SECONDS = 60.0
STALL_SECONDS = 10.0
LEAST_BYTES_PER_SECOND = 10_000.0
TICK_SECONDS = 0.5
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


class AppAbout(BaseModel):
    """The workspace, Toile's version and the number of cores."""

    version: str
    workspace: str
    cores: int


class AppProblem(BaseModel):
    """An error: what was wrong, the rule, and the next step."""

    error: str


def create_app(session: Session) -> FastAPI:
    """The app of a workspace, without its guard, and without FastAPI's pages of foreign code."""
    app = FastAPI(
        title="Toile",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        responses={422: {"model": AppProblem}, 404: {"model": AppProblem}},
    )
    app.state.session = session

    @app.get("/api/about")
    def about(session: CurrentSession) -> AppAbout:
        """The workspace of this server."""
        workspace = str(session.workspace.absolute())
        return AppAbout(version=VERSION, workspace=workspace, cores=session.queue.cores)

    for router in ROUTERS:
        app.include_router(router, prefix="/api")

    @app.get(PAGES + "{ticket}", include_in_schema=False)
    def page(request: Request, session: CurrentSession) -> Response:
        return page_of(session, request)

    @app.api_route("/{name:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def static(request: Request) -> Response:
        return _static(request.scope["path"])

    _answer_errors(app)
    return app


def guarded(session: Session, token: str, hosts: frozenset[str]) -> Guard:
    """The app behind its guard: the API needs a token, static files do not."""
    return Guard(
        create_app(session),
        hosts,
        token,
        body_bytes=MOST_BYTES,
        body_seconds=BODY_SECONDS,
        stall_seconds=STALL_SECONDS,
        least_speed=LEAST_BYTES_PER_SECOND,
        open_paths=OpenPaths(session),
        policy=POLICY,
        larger={UPLOADS: (UPLOAD_BYTES, UPLOAD_SECONDS)},
    )


def serve_app(
    session: Session, listening: socket.socket, token: str, hosts: frozenset[str]
) -> None:
    """Answer requests until a signal comes; trainings go on without the server."""
    with _upkeep(session):
        listen(guarded(session, token, hosts), listening)


@dataclass(frozen=True)
class OpenPaths:
    """The paths that need no token: the page's files, and run pages with a ticket."""

    session: Session

    def __contains__(self, path: object) -> bool:
        return path in _web_files() or path in self.session.tickets


@cache
def _web_files() -> dict[str, Path]:
    """The page's files by URL path. Only these names are served, so no path leads outside."""
    files = {
        f"/{file.relative_to(WEB).as_posix()}": file for file in WEB.rglob("*") if file.is_file()
    }
    return files | {"/": WEB / "index.html"}


def _static(path: str) -> Response:
    file = _web_files().get(path)
    if file is None or not file.is_file():
        raise HTTPException(404)
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    # An asset's name contains the hash of its content.
    headers = {"cache-control": "public, max-age=31536000, immutable"} if "/assets/" in path else {}
    return Response(file.read_bytes(), headers=headers, media_type=kind)


@contextmanager
def _upkeep(session: Session) -> Iterator[None]:
    """Advance the queue and end idle processes, in a thread, while the block runs.

    First the uploads of the previous server that became no dataset are deleted.
    """
    with suppress(ToileError, OSError):
        session.uploads.sweep()
    over = threading.Event()

    def advance() -> None:
        while not over.wait(TICK_SECONDS):
            # For example a full disk, which the next request reports.
            with suppress(ToileError, OSError):
                session.queue.advance()
            session.end_idle()

    thread = threading.Thread(target=advance, name="queue", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        session.end()


def _problem(sentence: str, status: int) -> Response:
    return Response(
        AppProblem(error=sentence).model_dump_json(), status, media_type="application/json"
    )


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(ToileError)
    def refused(request: Request, error: ToileError) -> Response:
        return _problem(str(error), 404 if isinstance(error, NotHere) else 422)

    @app.exception_handler(StillOpening)
    def opening(request: Request, still: StillOpening) -> Response:
        return Response(state_of(still.act).model_dump_json(), 202, media_type="application/json")

    @app.exception_handler(RequestValidationError)
    def invalid_request(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return _problem(f"{where:.80}: {first['msg']}", 422)

    @app.exception_handler(HTTPException)
    def no_path(request: Request, error: HTTPException) -> Response:
        request_line = f"{request.method} {request.scope['path']:.80}"
        return _problem(f"{request_line}: {error.detail.lower()}", error.status_code)

    @app.exception_handler(ClientDisconnect)
    def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response()  # Nobody receives it.
