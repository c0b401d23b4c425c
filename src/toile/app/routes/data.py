"""Data: the datasets there are, how to have more, and what each holds."""

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


class DatasetRow(BaseModel):
    """A dataset by its name; `path` is empty where it is not on this machine yet.

    `is_added` is false while it is read for the first time, and where that failed: `act` says so.
    `settings` are those of a recipe's `data` by which it is read.
    """

    name: str
    is_known: bool
    is_added: bool
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
    """A part, class by class; greys go from 0 to 255 and are null for an empty class."""

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
    """Pearson's r between the mean pictures of classes; null where it is not defined."""

    train: list[list[float | None]]
    test: list[list[float | None]]
    difference: list[list[float | None]]


class LeftOut(BaseModel):
    """A file that was left out or read in part, and why."""

    file: str
    reason: str


class DescribedDataset(BaseModel):
    """What there is to know of a dataset; of what is there twice up to a hundred lines each."""

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
    """A description, or how far it is."""

    act: ActState
    description: DescribedDataset | None


class NewDataset(BaseModel):
    """Where a dataset is read from: a path of this machine, or files that were brought.

    `settings` are those of a recipe's `data`, each `name=value`.
    """

    path: str = Field(default="", max_length=4096)
    upload: str = Field(default="", max_length=16)
    name: str = Field(default="", max_length=60)
    settings: list[str] = Field(default=[], max_length=20)


class BegunDataset(BaseModel):
    """A dataset that is being read: ask how it stands by its name."""

    name: str
    act: ActState


@router.get("/data")
def list_datasets(session: CurrentSession) -> list[DatasetRow]:
    """The datasets known by name, those that were added here, and those that are being added."""
    known = [
        DatasetRow(
            name=source.name,
            is_known=True,
            is_added=True,
            path=str(source.path or ""),
            shape=list(source.shape),
            num_classes=source.num_classes,
            num_train=source.num_images[0],
            num_test=source.num_images[1],
            download_bytes=source.download_bytes,
            licence=source.licence,
            obtained=source.obtained,
            settings={},
            act=_shown(session.acts.look(f"get:{source.name}")),
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
    """Read a dataset and remember it; ask for how it stands by `GET data/{name}/added`."""
    settings = _settings("data", body.settings)
    data_of({"name": "own", **settings})
    path = session.uploads.source(body.upload) if body.upload else _local(body.path)
    datasets = session.datasets
    name = datasets.checked_name(body.name) if body.name else datasets.free_name(path.name)
    earlier = session.acts.look(f"add:{name}")
    if earlier is not None and not earlier.is_over:
        raise ToileError(f"{name} is being read already; wait until it is there, or stop it")
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
    """How the reading of a new dataset stands."""
    act = session.acts.look(f"add:{name}")
    if act is None:
        raise NotHere(f"nothing is being read as {name!r:.60}; add it again")
    return state_of(act)


@router.post("/data/{name}/get")
def get_dataset(session: CurrentSession, name: str) -> ActState:
    """Fetch a dataset that is known by name."""
    if name not in {source.name for source in list_sources()}:
        raise NotHere(f"no dataset is known as {name!r:.60}")
    question = {"verb": "get", **session.data_question(name)}
    return state_of(session.acts.begin(f"get:{name}", f"fetching {name}", question))


@router.post("/data/{name}/stop")
def stop_act(session: CurrentSession, name: str) -> None:
    """Stop fetching, reading, describing or opening a dataset."""
    for verb in ("get", "add", "describe"):
        session.acts.stop(f"{verb}:{name}")
    session.stop_showing(name)


@router.delete("/data/{name}")
def forget_dataset(session: CurrentSession, name: str) -> None:
    """Remember an added dataset no more, or one whose adding failed; files that were brought go."""
    act = session.acts.look(f"add:{name}")
    is_added = name in {entry.name for entry in session.datasets.entries()}
    if not is_added and act is not None and act.status in ("failed", "stopped"):
        session.acts.forget(f"add:{name}")
        session.uploads.remove_with(act.question["path"])
        return
    session.rereads[session.datasets.forget(name).path] += 1
    # Else another that is added by this name would be told as this one.
    session.acts.stop(f"describe:{name}")
    session.acts.forget(f"describe:{name}")


@router.post("/data/{name}/describe")
def describe_dataset(session: CurrentSession, name: str, anew: bool = False) -> DatasetDescription:
    """A dataset's description where it is ready, or how far it is; begun where it never was.

    One that was stopped or failed stays so until `anew`, with which its files are read again.
    """
    question = session.data_question(name)
    act = session.acts.look(f"describe:{name}")
    if anew and act is not None and act.is_over:
        session.rereads[question["data"]["name"]] += 1
        question, act = session.data_question(name), None
    if act is None:
        question["verb"] = "describe"
        act = session.acts.begin(f"describe:{name}", f"describing {name}", question)
    result = DescribedDataset.model_validate(act.result) if act.result else None
    return DatasetDescription(act=state_of(act), description=result)


def _local(path: str) -> Path:
    """A path of this machine; names of other machines are refused before anything is looked up."""
    text = path.strip()
    if not text:
        raise ToileError("no path is given; write one of this machine, as ~/pictures.zip")
    if "\0" in text or text.startswith(("\\\\", "//")) or "://" in text:
        raise ToileError(
            f"{text!r:.80} is no path of this machine; nothing is fetched from elsewhere, save it "
            "here first"
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
        path=entry.path,
        shape=list(entry.shape),
        num_classes=entry.num_classes,
        num_train=entry.num_images[0],
        num_test=entry.num_images[1],
        download_bytes=0,
        licence="",
        obtained="brought here" if entry.is_copy else "read where it lies",
        settings=entry.settings,
        act=None,
    )


def _shown(act: LongAct | None) -> ActState | None:
    return None if act is None or act.status == "finished" else state_of(act)
