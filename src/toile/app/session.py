"""What the routes use: one workspace with its runs, queue, drafts and computing processes."""

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from toile.app.arrivals import arrived_data, arrived_run
from toile.app.computing import Computing
from toile.app.door import AppDoor
from toile.app.drafts import Drafts
from toile.app.long_acts import LongAct, LongActs
from toile.app.uploads import Uploads
from toile.data import DataSize, known_data_size, list_sources, validation_count
from toile.errors import ToileError
from toile.executors import TrainingQueue
from toile.recipe import Data
from toile.runs import DataList, Run

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
TICKET_SECONDS = 600.0
# If opening takes longer, the page gets the progress and asks again.
OPENING_SECONDS = 1.0
# Answers take some megabytes each, so only a few are stored.
MOST_SHOWN = 8
PAGES = "/pages/"
CRASHED = (
    "the process that read the file ended; the file is damaged or needs more memory than there is"
)


class NotHere(ToileError):
    """The workspace has nothing with this id."""


class StillOpening(Exception):
    """The data is still being read; `act` has the progress."""

    def __init__(self, act: LongAct) -> None:
        super().__init__(act.title)
        self.act = act


@dataclass
class Tickets(Container[object]):
    """Paths that open one run's page for ten minutes, since a new tab cannot send the token."""

    _runs: dict[str, tuple[str, float]] = field(default_factory=dict)

    def new(self, run_id: str) -> str:
        """A new path that opens the page of a run."""
        now = time.monotonic()
        self._runs = {path: ticket for path, ticket in self._runs.items() if ticket[1] > now}
        path = f"{PAGES}{secrets.token_urlsafe(24)}"
        self._runs[path] = (run_id, now + TICKET_SECONDS)
        return path

    def run_of(self, path: str) -> str | None:
        """The run whose page `path` opens; None if it has expired."""
        run_id, until = self._runs.get(path, ("", 0.0))
        return run_id if until > time.monotonic() else None

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self.run_of(path) is not None


@dataclass(frozen=True)
class Session:
    """One workspace, opened by its server."""

    workspace: Path
    queue: TrainingQueue
    drafts: Drafts
    datasets: DataList
    answering: Computing
    """Predicts pictures with the networks of runs."""
    reading: Computing
    """Reads and describes datasets, which may take long; used only by `acts`."""
    showing: Computing
    """Shows pictures of datasets while others are read; used only by `openings`."""
    renewing: Computing
    """Writes pages of runs; used only by `pages`."""
    openings: LongActs
    """Open a dataset and return its pictures, as one act."""
    acts: LongActs
    probes: LongActs
    """Measure the time and memory of a training on this machine."""
    pages: LongActs
    """Rewrite the pages of runs after a new name, note or star; by the runs' ids."""
    imports: LongActs
    """Import networks trained elsewhere, by upload; a file may crash the process."""
    tickets: Tickets = field(default_factory=Tickets)
    rereads: Counter[str] = field(default_factory=Counter)
    """How often each dataset was read again, by its `data.name` in a recipe."""

    @property
    def uploads(self) -> Uploads:
        """The uploaded files."""
        return Uploads(self.datasets)

    @classmethod
    def of(cls, workspace: Path, cores: int | None = None) -> "Session":
        """The session of a workspace; no process starts, and nothing is written."""
        reading = Computing(workspace, seconds=None)
        showing = Computing(workspace, seconds=None)
        renewing = Computing(workspace, seconds=None)
        return cls(
            workspace=workspace,
            queue=TrainingQueue(workspace, cores),
            drafts=Drafts(AppDoor(workspace).folder / "drafts"),
            datasets=DataList(workspace),
            answering=Computing(workspace),
            reading=reading,
            showing=showing,
            renewing=renewing,
            openings=LongActs(showing, num_remembered=MOST_SHOWN),
            acts=LongActs(reading, arrived=arrived_data),
            probes=LongActs(Computing(workspace, seconds=None), is_fresh=True),
            pages=LongActs(renewing),
            imports=LongActs(
                Computing(workspace, seconds=None, lost=CRASHED),
                is_fresh=True,
                arrived=arrived_run,
            ),
        )

    def data_size(self, data: Data) -> DataSize | None:
        """The size of a dataset that is known by name or was added; None for other data."""
        if (size := known_data_size(data)) is not None:
            return size
        entry = next((each for each in self.datasets.entries() if each.is_read_by(data)), None)
        if entry is None:
            return None
        num_train, _ = entry.num_images
        held_out, _ = validation_count(num_train, data)
        return DataSize(entry.shape, entry.num_classes, num_train - held_out)

    def data_question(self, name: str) -> dict[str, Any]:
        """The dataset `name` as a part of a question. Raises NotHere if there is none."""
        if name in {source.name for source in list_sources()}:
            settings: dict[str, Any] = {"name": name}
        else:
            try:
                entry = self.datasets.entry(name)
            except ToileError as error:
                raise NotHere(str(error)) from None
            settings = {"name": entry.path, **entry.settings}
        return {"data": settings, "version": self.rereads[settings["name"]]}

    def show(self, name: str, question: dict[str, Any]) -> dict[str, Any]:
        """Pictures of the dataset `name`, chosen by `question`.

        Raises StillOpening while its files, or those of another dataset, are being read.
        """
        asked = {**question, **self.data_question(name)}
        key = f"open:{name}:{json.dumps(asked, sort_keys=True)}"
        act = self.openings.ask(key, f"opening {name}", asked, OPENING_SECONDS)
        if not act.is_over:
            raise StillOpening(act)
        if act.result is None:
            raise ToileError(act.reason or f"opening {name} was stopped; ask for it again")
        return act.result

    def stop_showing(self, name: str) -> None:
        """Stop opening a dataset, also for other pages that wait for its pictures."""
        self.openings.stop_all(f"open:{name}:")

    def renew_page(self, run: Run) -> None:
        """Begin to rewrite the page of `run`, if it has one, and return at once.

        A rewriting under way begins again, since it may have read what has changed since.
        """
        self.pages.stop(run.id)
        if (run.folder / "report.html").is_file():
            question = {"verb": "renew", "run": run.id, "workspace": str(self.workspace.absolute())}
            self.pages.begin(run.id, f"rewriting the page of {run.id}", question)

    def is_writing_page(self, run_id: str) -> bool:
        """Whether the training of a run is over and its process writes the page."""
        return any(job.id == run_id and self.queue.has_ended(job) for job in self.queue.jobs())

    def end_idle(self) -> None:
        """End the processes that were not asked for two minutes."""
        self.answering.end_if_idle()
        self.reading.end_if_idle()
        self.showing.end_if_idle()
        self.renewing.end_if_idle()

    def end(self) -> None:
        """End the computing processes; trainings go on."""
        self.acts.end()
        self.openings.end()
        self.probes.end()
        self.pages.end()
        self.imports.end()
        for computing in (self.answering, self.reading, self.showing, self.renewing):
            computing.end()

    def run(self, run_id: str) -> Run:
        """The run with this id, which is never a path. Raises NotHere if there is none."""
        folder = self.workspace / run_id
        if not RUN_ID.fullmatch(run_id) or not (folder / "state.json").is_file():
            raise NotHere(f"no run here is called {run_id!r:.80}; it may have been deleted")
        return Run(folder)


def session_of(request: Request) -> Session:
    """The session of the app that received the request."""
    session: Session = request.app.state.session
    return session


CurrentSession = Annotated[Session, Depends(session_of)]
