"""The service's three paths. The guard before it checks Host, Origin, token and body size."""

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from toile.distribution import VERSION
from toile.errors import ToileError
from toile.service.model import ACCEPTS, Model
from toile.service.words import Answer, Card, Health, Problem

MAX_BYTES = 20_000_000
# One is classified while another arrives; each needs twice its size in memory.
LARGE_AT_ONCE = 2
# Longer than a body may take to arrive, so that slow senders cause no 503 for others.
SLOT_SECONDS = 30.0
RETRY_SECONDS = 5
# Smaller pictures are already in the server's buffers, and do not wait for a slot.
LARGE_BYTES = 65_536
TINY_PX = 16_384
FORMATS = ("png", "jpeg", "webp", "bmp", "gif")
PICTURE = {
    "description": f"{ACCEPTS}; at most {MAX_BYTES // 10**6} MB and 25 million pixels",
    "required": True,
    "content": {
        f"image/{kind}": {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS
    },
}
# The guard checks the token; a dependency of FastAPI would check it again.
TOKEN: dict[str, Any] = {"security": [{"HTTPBearer": []}]}
Responses = dict[int | str, dict[str, Any]]
REFUSED: Responses = {
    401: {"model": Problem, "description": "The token is missing or wrong"},
    403: {"model": Problem, "description": "Host or Origin is not this server's"},
}
NO_ANSWER: Responses = REFUSED | {
    408: {"model": Problem, "description": "The picture came too slowly"},
    413: {"model": Problem, "description": "The picture has too many bytes"},
    422: {"model": Problem, "description": "No picture, one too large, or a wrong `top`"},
    503: {"model": Problem, "description": "Other large pictures took too long; send it later"},
}

RULES = {"top": "a whole number from 1", "always": "true or false"}


def create_app(model: Model) -> FastAPI:
    """The service of `model` with its OpenAPI, without FastAPI's pages of foreign code."""
    app = FastAPI(
        title="Toile",
        version=VERSION,
        description="An image classifier.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    card = _json(model.card)
    health = _json(Health())
    worker = PictureWorker(model)
    slots = Slots()

    @app.get("/", response_model=Card, responses=REFUSED, openapi_extra=TOKEN)
    async def about() -> Response:
        """The network, its input and its accuracy."""
        return card

    @app.get("/health", response_model=Health)
    async def ready() -> Response:
        """Whether the service is ready; needs no token."""
        return health

    @app.post(
        "/predict",
        response_model=Answer,
        responses=NO_ANSWER,
        openapi_extra=TOKEN | {"requestBody": PICTURE},
    )
    async def predict(
        request: Request,
        top: Annotated[int, Query(ge=1, description="How many classes to name")] = 3,
        always: Annotated[
            bool, Query(description="Answer blank and unusual pictures too, with a warning")
        ] = False,
    ) -> Response:
        """The most probable classes of one picture, whose bytes are the body."""
        length = request.headers.get("content-length")
        large = length is None or int(length) > LARGE_BYTES
        # The slot stays occupied until the response, because waiting bodies occupy memory.
        async with slots if large else nullcontext():
            return _json(await worker.answer(await request.body(), top, always))

    _say_errors(app)
    _say_token(app)
    return app


class Busy(Exception):
    """No slot for a large picture became free in time."""


class Slots:
    """Slots for a few large pictures; others wait for one, unread, for up to 30 seconds."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(SLOT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


class PictureWorker:
    """Classifies pictures one at a time, because catching Pillow's warnings is not thread-safe.

    It uses one thread, so that a large picture does not block new connections. If the thread is
    idle, a tiny picture is classified at once: the thread would take .17 ms of a round trip of .95
    (two Zen 5 cores, medians of 3 times 2,000).
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._worker = ThreadPoolExecutor(1, "pictures")
        self._jobs: set[asyncio.Future[Answer]] = set()

    async def answer(self, content: bytes, num_top: int, always: bool) -> Answer:
        """The model's prediction for the picture."""
        if not self._jobs and _is_tiny(content):
            return self._model.answer(content, num_top, always)
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._worker, self._model.answer, content, num_top, always)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        # The client may disconnect while the thread still works, and it must not count as idle.
        return await asyncio.shield(job)


def _is_tiny(content: bytes) -> bool:
    """Whether this is a PNG whose header has a size of at most `TINY_PX` pixels."""
    if len(content) > LARGE_BYTES or not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return False
    width, height = struct.unpack(">II", content[16:24].ljust(8, b"\xff"))
    return bool(width * height <= TINY_PX)


def _json(record: Answer | Card | Health | Problem, status: int = 200, **headers: str) -> Response:
    # Written directly, since FastAPI would validate it a second time.
    content = record.model_dump_json(by_alias=True)
    return Response(content, status, headers, "application/json")


def _say_token(app: FastAPI) -> None:
    """Add the security scheme of TOKEN to the OpenAPI document."""
    schemes = app.openapi().setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["HTTPBearer"] = {"type": "http", "scheme": "bearer"}


def _say_errors(app: FastAPI) -> None:
    @app.exception_handler(ToileError)
    async def no_picture(request: Request, error: ToileError) -> Response:
        return _json(Problem(error=str(error)), 422)

    @app.exception_handler(RequestValidationError)
    async def no_setting(request: Request, error: RequestValidationError) -> Response:
        name = error.errors()[0]["loc"][-1]
        value = request.query_params[name]
        return _json(Problem(error=f"{name} is {value!r:.80}; use {RULES[name]}"), 422)

    @app.exception_handler(HTTPException)
    async def no_path(request: Request, error: HTTPException) -> Response:
        request_line = f"{request.method} {request.url.path:.80}"
        sentence = (
            f"{request_line}: {error.detail.lower()}; use GET /, GET /health or POST /predict"
        )
        return _json(Problem(error=sentence), error.status_code, **(error.headers or {}))

    @app.exception_handler(Busy)
    async def unavailable(request: Request, error: Busy) -> Response:
        sentence = (
            f"the service reads at most {LARGE_AT_ONCE} large pictures at a time; "
            "send this one later"
        )
        return _json(Problem(error=sentence), 503, **{"Retry-After": str(RETRY_SECONDS)})

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response()  # Nobody receives it.
