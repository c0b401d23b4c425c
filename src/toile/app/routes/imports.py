"""Imports: an uploaded file, a network trained elsewhere or a bundle, becomes a run."""

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from toile.app.long_acts import LongAct
from toile.app.routes.acts import ActState, state_of
from toile.app.routes.sources import recipe_from
from toile.app.session import CurrentSession, NotHere, Session, StillOpening
from toile.conversion import MOST_BYTES, SCALINGS, SUFFIXES
from toile.errors import ToileError
from toile.recipe import Recipe, recipe_of, recipe_text
from toile.runs import BUNDLE, new_run_id, remove_torn_imports

router = APIRouter()
LOOK_SECONDS = 1.0
STOP_SECONDS = 10.0


class ScalingChoice(BaseModel):
    """A scaling of the pictures a network may have been trained on, by name and in words."""

    name: str
    words: str


class ImportChoices(BaseModel):
    """What can be imported: the endings of files, the largest size of a network, the scalings."""

    suffixes: list[str]
    most_bytes: int
    scalings: list[ScalingChoice]


class NewImport(BaseModel):
    """An uploaded file, and the dataset with its classes; a bundle needs the file alone.

    If `scaling` is empty it is found by trial. A file of weights only needs `recipe` for its
    network, such as `preset:quick` or `draft:NAME`.
    """

    upload: str = Field(max_length=16)
    data: str = Field(default="", max_length=200)
    scaling: str = Field(default="", max_length=40)
    recipe: str = Field(default="", max_length=200)


class ImportedRun(BaseModel):
    """The run made of a file, sentences about it, and a warning, which may be empty."""

    run: str
    sentences: list[str]
    warning: str


class ImportRow(BaseModel):
    """A file that is read or was, by its upload; `run` is what it has become."""

    asked: NewImport
    file: str
    act: ActState
    run: str


@router.get("/imports")
def get_import_choices(session: CurrentSession) -> ImportChoices:
    """What can be imported."""
    scalings = [ScalingChoice(name=name, words=each.words) for name, each in SCALINGS.items()]
    return ImportChoices(suffixes=[*SUFFIXES, BUNDLE], most_bytes=MOST_BYTES, scalings=scalings)


@router.post("/imports")
def begin_import(session: CurrentSession, body: NewImport) -> ActState:
    """Begin to make a run of a file; `GET imports/{upload}` has the result."""
    path = session.uploads.source(body.upload)
    is_bundle = path.suffix.lower() == BUNDLE
    question = (_of_bundle if is_bundle else _of_network)(session, body, path)
    earlier = session.imports.get(body.upload)
    if earlier is not None and not earlier.is_over:
        raise ToileError(f"{path.name} is already being read; wait until it is done, or stop it")
    question |= {
        "workspace": str(session.workspace.absolute()),
        "upload": body.upload,
        "path": str(path),
        "asked": body.model_dump(),
    }
    return state_of(session.imports.begin(body.upload, f"reading {path.name}", question))


@router.get("/imports/{upload}")
def get_import(session: CurrentSession, upload: str) -> ImportedRun:
    """The run made of a file, or an error that says why there is none; 202 while it is read."""
    act = _act(session, upload)
    session.imports.wait(upload, LOOK_SECONDS)
    if not act.is_over:
        raise StillOpening(act)
    if act.result is None:
        raise ToileError(act.reason or "reading it was stopped; import it again")
    return ImportedRun.model_validate(act.result)


@router.post("/imports/{upload}/stop")
def stop_import(session: CurrentSession, upload: str) -> None:
    """Stop reading a file, and delete the unfinished run."""
    act = _act(session, upload)
    session.imports.stop(upload)
    session.imports.wait(upload, STOP_SECONDS)
    if act.status != "stopped":
        return
    if out := act.question.get("out"):
        shutil.rmtree(Path(out), ignore_errors=True)
    else:
        remove_torn_imports(session.workspace)


@router.delete("/imports/{upload}")
def dismiss_import(session: CurrentSession, upload: str) -> None:
    """Tell no more what a file has become; one that was not read to its end is deleted."""
    _act(session, upload)
    # Asked and done at once, since another page may try the same file again.
    if not session.imports.forget(upload):
        raise ToileError("it is being read; stop that first")
    with suppress(ToileError):
        session.uploads.remove(upload)


def import_rows(session: Session) -> list[ImportRow]:
    """The files that are read, and those that were until somebody dismisses them."""
    return [
        ImportRow(
            asked=NewImport.model_validate(act.question["asked"]),
            file=Path(act.question["path"]).name,
            act=state_of(act),
            run=(act.result or {}).get("run", ""),
        )
        for act in session.imports.remembered().values()
    ]


def _of_bundle(session: Session, body: NewImport, path: Path) -> dict[str, Any]:
    fields = body.model_dump(exclude={"upload"})
    if wrong := [name for name, value in fields.items() if value]:
        raise ToileError(f"{path.name} is a bundle of a run, which takes no {wrong[0]}")
    return {"verb": "import run"}


def _of_network(session: Session, body: NewImport, path: Path) -> dict[str, Any]:
    if not body.data:
        raise ToileError(
            f"{path.name} is a network, and a run needs pictures with its classes; choose the data"
        )
    data = session.data_question(body.data)["data"]
    recipe = _network_alone(recipe_from(session, body.recipe)) if body.recipe else None
    stem = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40].strip("-")
    return {
        "verb": "import",
        "data": data,
        "scaling": body.scaling,
        "recipe": "" if recipe is None else recipe_text(recipe, complete=True),
        "out": str(session.workspace.absolute() / new_run_id(stem or "network")),
    }


def _act(session: CurrentSession, upload: str) -> LongAct:
    act = session.imports.get(upload)
    if act is None:
        raise NotHere(f"no file is being read as {upload!r:.20}; import it again")
    return act


def _network_alone(recipe: Recipe) -> Recipe:
    """A recipe with its network only, without its data settings."""
    document = recipe.model_dump(mode="json")
    return recipe_of({"name": recipe.name, "network": document["network"]})
