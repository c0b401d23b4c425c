"""Try: the prediction of a run's network for a picture, in a separate process."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from toile.app.routes.pictures import PackedPictures
from toile.app.session import CurrentSession
from toile.errors import ToileError

router = APIRouter()


class LikelyClass(BaseModel):
    """A class and its probability in [0, 1]."""

    name: str
    probability: float


class StepPicture(BaseModel):
    """The picture after a step of its preparation: bytes (c, h, w) in base64, and the step."""

    name: str
    sentence: str
    channels: int
    height: int
    width: int
    pixels: str
    box: list[float] | None


class PictureAnswer(BaseModel):
    """The most probable classes, sorted; empty if the network abstains, as `abstained` says."""

    top: list[LikelyClass]
    warnings: list[str]
    abstained: list[str]
    steps: list[StepPicture]


class AskedPicture(BaseModel):
    """The options of a prediction, and the corrections of the picture's preparation.

    `turns` are quarter turns to the right; `left` to `bottom` are the cut fractions of width and
    height.
    """

    weights: Literal["last", "best"] = "last"
    num: int = Field(default=3, ge=1, le=10)
    steps: bool = True
    always: bool = False
    turns: int = Field(default=0, ge=0, le=3)
    left: float = Field(default=0.0, ge=0, lt=1)
    top: float = Field(default=0.0, ge=0, lt=1)
    right: float = Field(default=0.0, ge=0, lt=1)
    bottom: float = Field(default=0.0, ge=0, lt=1)
    invert: bool = False


class AskedTogether(AskedPicture):
    """The runs that predict a picture together, and the options."""

    run: list[str] = Field(min_length=2, max_length=8)


class RunAnswer(BaseModel):
    """The prediction of one of several runs; `error` says why it has none."""

    run: str
    top: list[LikelyClass]
    abstained: list[str]
    error: str


class VoteAnswer(BaseModel):
    """The predictions of several runs, and their vote by the mean of their probabilities.

    If they have no vote, `top` is empty, and `refusal` says why.
    """

    runs: list[RunAnswer]
    top: list[LikelyClass]
    sentence: str
    refusal: str


@router.post("/try/{run_id}")
async def answer_picture(
    request: Request,
    session: CurrentSession,
    run_id: str,
    asked: Annotated[AskedPicture, Query()],
) -> PictureAnswer:
    """The prediction of a run's network for the picture in the body."""
    picture = await request.body()
    run = await run_in_threadpool(session.run, run_id)
    if not picture:
        raise ToileError("there is no picture; send the bytes of one as the body")
    question = {"verb": "ask", "folder": str(run.folder.absolute()), **_words(asked)}
    reply = await run_in_threadpool(session.answering.ask, question, picture)
    return PictureAnswer.model_validate(reply)


@router.post("/votes")
async def vote_on_picture(
    request: Request, session: CurrentSession, asked: Annotated[AskedTogether, Query()]
) -> VoteAnswer:
    """The predictions of several runs for the picture in the body, and their vote."""
    picture = await request.body()
    if not picture:
        raise ToileError("there is no picture; send the bytes of one as the body")
    if len(set(asked.run)) < len(asked.run):
        raise ToileError("a run is named twice; name each once")
    folders = [
        [run_id, str((await run_in_threadpool(session.run, run_id)).folder.absolute())]
        for run_id in asked.run
    ]
    question = {"verb": "vote", "runs": folders, **_words(asked)}
    reply = await run_in_threadpool(session.answering.ask, question, picture)
    return VoteAnswer.model_validate(reply)


@router.get("/try/{run_id}/outlines/{label}")
def get_outline(session: CurrentSession, run_id: str, label: int) -> PackedPictures:
    """The outline of a class's mean training picture, as a start for drawing."""
    question = {
        "verb": "outline",
        "folder": str(session.run(run_id).folder.absolute()),
        "label": min(max(label, -1), 10_000),
    }
    return PackedPictures.model_validate(session.answering.ask(question))


def _words(asked: AskedPicture) -> dict[str, Any]:
    return {
        "weights": asked.weights,
        "num_top": asked.num,
        "steps": asked.steps,
        "always": asked.always,
        "turns": asked.turns,
        "cut": [asked.left, asked.top, asked.right, asked.bottom],
        "invert": asked.invert,
    }
