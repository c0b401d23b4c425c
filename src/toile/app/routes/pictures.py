"""Pictures of a dataset's training part, unchanged or changed as in training."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from toile.app.routes.acts import ActState
from toile.app.session import CurrentSession, NotHere
from toile.recipe import parse_assignments

router = APIRouter()
OPENING: dict[int | str, dict[str, Any]] = {
    202: {"model": ActState, "description": "The dataset is being opened; ask again"}
}
MOST_PICTURES = 400


class PackedPictures(BaseModel):
    """Pictures as bytes (num, channels, height, width) in base64."""

    num: int
    channels: int
    height: int
    width: int
    pixels: str


class ShownPictures(PackedPictures):
    """Pictures of the training part; `available` is how many match the request."""

    available: int
    indices: list[int]
    labels: list[int]
    names: list[str]
    held_out: list[bool]


class VariedRequest(BaseModel):
    """The picture to change, and the changes, each `augmentation.name=value`."""

    index: int = Field(default=0, ge=0, le=10_000_000)
    changes: list[str] = Field(default=[], max_length=20)
    seed: int = Field(default=0, ge=0, lt=2**31)


@router.get("/data/{name}/pictures", responses=OPENING)
def get_pictures(
    session: CurrentSession,
    name: str,
    num: Annotated[int, Query(ge=1, le=MOST_PICTURES)] = 100,
    begin: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    label: Annotated[int | None, Query(ge=0, le=999)] = None,
    seed: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
) -> ShownPictures:
    """Pictures of the training part, never of the sealed test part."""
    question = {
        "verb": "pictures",
        "indices": None,
        "class_index": label,
        "begin": begin,
        "num": num,
        "seed": seed,
    }
    return ShownPictures.model_validate(session.show(name, question))


@router.get("/data/{name}/pictures/{index}", responses=OPENING)
def get_picture(session: CurrentSession, name: str, index: int) -> ShownPictures:
    """One picture of the training part, with every pixel."""
    question = {
        "verb": "pictures",
        "indices": [min(max(index, -1), 2**40)],
        "begin": 0,
        "num": 1,
        "seed": None,
    }
    shown = session.show(name, question)
    if not shown["num"]:
        raise NotHere(f"the training part of {name} has no picture {index}")
    return ShownPictures.model_validate(shown)


@router.post("/data/{name}/varied", responses=OPENING)
def vary_picture(session: CurrentSession, name: str, body: VariedRequest) -> PackedPictures:
    """A training picture, and eight random changes of it as in training with these settings."""
    question = {
        "verb": "vary",
        "index": body.index,
        "changes": parse_assignments(body.changes),
        "seed": body.seed,
    }
    return PackedPictures.model_validate(session.show(name, question))
