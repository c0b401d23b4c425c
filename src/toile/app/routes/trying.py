"""Try: a picture answered by a run's network, in a process of its own."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from toile.app.session import CurrentSession
from toile.errors import ToileError

router = APIRouter()


class LikelyClass(BaseModel):
    """A class and how likely it is held, in [0, 1]."""

    name: str
    probability: float


class StepPicture(BaseModel):
    """The picture after a step of its preparation: bytes (c, h, w) in base64, and what was done."""

    name: str
    sentence: str
    channels: int
    height: int
    width: int
    pixels: str
    box: list[float] | None


class PictureAnswer(BaseModel):
    """The likeliest classes, likeliest first; none where `abstained` says why."""

    top: list[LikelyClass]
    warnings: list[str]
    abstained: list[str]
    steps: list[StepPicture]


@router.post("/try/{run_id}")
async def answer_picture(
    request: Request,
    session: CurrentSession,
    run_id: str,
    weights: Literal["last", "best"] = "last",
    top: Annotated[int, Query(ge=1, le=10)] = 3,
    steps: bool = True,
    always: bool = False,
) -> PictureAnswer:
    """What a run's network says of the picture whose bytes are the body."""
    picture = await request.body()
    run = await run_in_threadpool(session.run, run_id)
    if not picture:
        raise ToileError("there is no picture; send the bytes of one as the body")
    question: dict[str, Any] = {
        "verb": "ask",
        "folder": str(run.folder.absolute()),
        "weights": weights,
        "num_top": top,
        "steps": steps,
        "always": always,
    }
    reply = await run_in_threadpool(session.answering.ask, question, picture)
    return PictureAnswer.model_validate(reply)
