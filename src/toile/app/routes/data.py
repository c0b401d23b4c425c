"""Data: the list of datasets, adding one, and the description of each."""

import os
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from toile.app.long_acts import LongAct
from toile.app.routes.acts import ActState, state_of
from toile.app.routes.pictures import PackedPictures
from toile.app.session import CurrentSession, NotHere
from toile.data import list_sources
from toile.errors import ToileError
from toile.recipe import data_of, parse_assignments
from toile.runs import AddedData

router = APIRouter()
STOP_SECONDS = 10.0


class DatasetRow(BaseModel):
    """A dataset by its name; `path` is empty if it is not on this machine yet.

    `is_added` is false while it is first read, and if that failed; `act` says which. `is_copy` says
    that its files were copied into the workspace. `obtained` is where one known by name comes from.
    `settings` are those of a recipe's `data` that read it.
    """

    name: str
    is_known: bool
    is_added: bool
    is_copy: bool
    path: str
    shape: list[int]
    num_classes: int
    num_train: int
    num_test: int
    download_bytes: int
    licence: str
    obtained: str
    settings: dict[str, Any]
    act: ActState | None


class DatasetPart(BaseModel):
    """A part, class by class; grey values are in [0, 255], and null for an empty class."""

    name: str
    num_images: int
    mean_grey: float | None
    sd_grey: float | None
    class_counts: list[int]
    class_mean_grey: list[float | None]
    class_sd_grey: list[float | None]
    class_histograms: list[list[int]]
    num_duplicates: int


class Correlations(BaseModel):
    """Pearson's r between the mean pictures of classes; null if it is not defined."""

    train: list[list[float | None]]
    test: list[list[float | None]]
    difference: list[list[float | None]]


class LeftOut(BaseModel):
    """A file that was left out or only read in part, and the reason."""

    file: str
    reason: str


class DescribedDataset(BaseModel):
    """The description of a dataset; lists of duplicates have up to a hundred lines each."""

    path: str
    shape: list[int]
    class_names: list[str]
    release: str
    fingerprint: str
    test_fingerprint: str
    greys: str
    notes: list[str]
    parts: list[DatasetPart]
    means: PackedPictures
    commonest: float | None
    commonest_class: int | None
    correlations: Correlations | None
    within: list[str]
    across: list[str]
    under_two: list[str]
    num_within: int
    num_across: int
    num_under_two: int
    num_leaks: int
    nulls: int | None
    nans: int | None
    skipped: list[LeftOut]
    num_skipped: int


class DatasetDescription(BaseModel):
    """A description, or its progress."""

    act: ActState
    description: DescribedDataset | None


class NewDataset(BaseModel):
    """The source of a dataset: a path on this machine, or an upload.

    `settings` are those of a recipe's `data`, each `name=value`.
    """

    path: str = Field(default="", max_length=4096)
    upload: str = Field(default="", max_length=16)
    name: str = Field(default="", max_length=60)
    settings: list[str] = Field(default=[], max_length=20)


class BegunDataset(BaseModel):
    """A dataset that is being read; `name` asks for its progress."""

    name: str
    act: ActState


@router.get("/data")
def list_datasets(session: CurrentSession) -> list[DatasetRow]:
    """The datasets known by name, those added here, and those being added."""
    known = [
        DatasetRow(
            name=source.name,
            is_known=True,
            is_added=True,
            is_copy=False,
            path=str(source.path or ""),
            shape=list(source.shape),
            num_classes=source.num_classes,
            num_train=source.num_images[0],
            num_test=source.num_images[1],
            download_bytes=source.download_bytes,
            licence=source.licence,
            obtained=source.obtained,
            settings={},
            act=_shown(session.acts.get(f"get:{source.name}")),
        )
        for source in list_sources()
    ]
    entries = session.datasets.entries()
    names = {entry.name for entry in entries}
    adding = [
        _row_of_act(name, act)
        for name, act in session.acts.unfinished("add:").items()
        if name not in names
    ]
    return adding + [_row(entry) for entry in entries] + known


@router.post("/data")
def add_dataset(session: CurrentSession, body: NewDataset) -> BegunDataset:
    """Begin to read and add a dataset; `GET data/{name}/added` has the progress."""
    settings = _settings("data", body.settings)
    data_of({"name": "own", **settings})
    path = session.uploads.source(body.upload) if body.upload else _local(body.path)
    datasets = session.datasets
    name = datasets.checked_name(body.name) if body.name else datasets.free_name(path.name)
    earlier = session.acts.get(f"add:{name}")
    if earlier is not None and not earlier.is_over:
        raise ToileError(f"{name} is already being read; wait until it is added, or stop it")
    question = {
        "verb": "add",
        "workspace": str(session.workspace.absolute()),
        "path": str(path),
        "name": name,
        "settings": settings,
    }
    act = session.acts.begin(f"add:{name}", f"reading {name}", question)
    return BegunDataset(name=name, act=state_of(act))


@router.get("/data/{name}/added")
def get_added(session: CurrentSession, name: str) -> ActState:
    """The progress of reading a new dataset."""
    act = session.acts.get(f"add:{name}")
    if act is None:
        raise NotHere(f"nothing is being read as {name!r:.60}; add it again")
    if act.status == "stopped":
        # Its process may have added it before it ended.
        session.acts.wait(f"add:{name}", STOP_SECONDS)
    return state_of(act)


@router.post("/data/{name}/get")
def get_dataset(session: CurrentSession, name: str) -> ActState:
    """Download a dataset that is known by name."""
    if name not in {source.name for source in list_sources()}:
        raise NotHere(f"no dataset is known as {name!r:.60}; the page Data lists them")
    question = {"verb": "get", **session.data_question(name)}
    return state_of(session.acts.begin(f"get:{name}", f"fetching {name}", question))


@router.post("/data/{name}/stop")
def stop_act(session: CurrentSession, name: str) -> None:
    """Stop downloading, reading, describing or opening a dataset."""
    for verb in ("get", "add", "describe"):
        session.acts.stop(f"{verb}:{name}")
    # Its process may have added it before it ended.
    session.acts.wait(f"add:{name}", STOP_SECONDS)
    session.stop_showing(name)


@router.delete("/data/{name}")
def forget_dataset(session: CurrentSession, name: str) -> None:
    """Remove an added dataset, or one whose adding failed, and delete its uploaded files."""
    act = session.acts.get(f"add:{name}")
    is_added = name in {entry.name for entry in session.datasets.entries()}
    if not is_added and act is not None and act.status in ("failed", "stopped"):
        session.acts.forget(f"add:{name}")
        session.uploads.remove_with(act.question["path"])
        return
    session.rereads[session.datasets.forget(name).path] += 1
    # Otherwise a new dataset of this name would get the old description.
    session.acts.stop(f"describe:{name}")
    session.acts.forget(f"describe:{name}")


@router.post("/data/{name}/describe")
def describe_dataset(session: CurrentSession, name: str, anew: bool = False) -> DatasetDescription:
    """A dataset's description, or its progress; the first request begins it.

    A description that failed or was stopped begins again with `anew`, which reads the files again.
    """
    question = session.data_question(name)
    act = session.acts.get(f"describe:{name}")
    if anew and act is not None and act.is_over:
        session.rereads[question["data"]["name"]] += 1
        question, act = session.data_question(name), None
    if act is None:
        question["verb"] = "describe"
        act = session.acts.begin(f"describe:{name}", f"describing {name}", question)
    result = DescribedDataset.model_validate(act.result) if act.result else None
    return DatasetDescription(act=state_of(act), description=result)


def _local(path: str) -> Path:
    """A path on this machine; addresses of other machines are refused before any look-up."""
    text = path.strip()
    if not text:
        raise ToileError("the path is empty; write one of this machine, such as ~/pictures.zip")
    if "\0" in text or text.startswith(("\\\\", "//")) or "://" in text:
        raise ToileError(
            f"{text!r:.80} is no path on this machine, and nothing is downloaded from elsewhere; "
            "save it here first"
        )
    return Path(os.path.expanduser(text))


def _settings(section: str, changes: list[str]) -> dict[str, Any]:
    return {
        address.removeprefix(f"{section}."): value
        for address, value in parse_assignments(changes).items()
    }


def _row_of_act(name: str, act: LongAct) -> DatasetRow:
    return DatasetRow(
        name=name,
        is_known=False,
        is_added=False,
        is_copy=False,
        path="",
        shape=[0, 0, 0],
        num_classes=0,
        num_train=0,
        num_test=0,
        download_bytes=0,
        licence="",
        obtained="",
        settings={},
        act=state_of(act),
    )


def _row(entry: AddedData) -> DatasetRow:
    return DatasetRow(
        name=entry.name,
        is_known=False,
        is_added=True,
        is_copy=entry.is_copy,
        path=entry.path,
        shape=list(entry.shape),
        num_classes=entry.num_classes,
        num_train=entry.num_images[0],
        num_test=entry.num_images[1],
        download_bytes=0,
        licence="",
        obtained="",
        settings=entry.settings,
        act=None,
    )


def _shown(act: LongAct | None) -> ActState | None:
    return None if act is None or act.status == "finished" else state_of(act)
