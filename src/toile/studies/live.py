"""A study while its readings are trained: its events, and training to the end."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from toile.errors import ToileError
from toile.executors import SECONDS_WITHOUT_ROOM, Executor, Inline, MakeExecutor, Processes
from toile.file_lock import file_lock
from toile.files import disk_is_full, write_atomically, write_json
from toile.runs import Known
from toile.statistics import LOOKS, next_look
from toile.studies.events import Ended, Looked, Paused, StudyEvent
from toile.studies.folder import ENDED, result_of, stored_text, write_status
from toile.studies.plan import Cell, cell_key, plan_cells, plan_levels
from toile.studies.readings import train_readings
from toile.studies.result import Reading, StudyResult
from toile.studies.spec import Study, study_text
from toile.studies.summary import study_summary

# -P: no file in the user's folder is imported in place of a module.
WORKER = (sys.executable, "-P", "-m", "toile.executors.worker")
SECONDS_TO_LET_GO = 3.0
SECONDS_BETWEEN_STANDINGS = 5.0
Stop = Callable[[], bool]


def worker_processes(workers: int, pass_fds: Sequence[int]) -> Processes:
    """Processes of this machine."""
    return Processes(WORKER, workers, pass_fds)


def inline(workers: int, pass_fds: Sequence[int]) -> Inline:
    """This process."""
    return Inline()


@dataclass(eq=False)
class LiveStudy:
    """A study under way: iterate it for its events, leave the loop to stop it.

    Nothing is written before. `notes` are sentences the user should read. With `until_decided`
    readings are added at numbers fixed beforehand, until every pair is decided or `budget_seconds`
    have passed. `workers` is how many readings train at once. On a cluster it is the most that may,
    0 for as many as there is room for, and after the start how many do.

        >>> live = toile.study(recipe, vary={"training.epochs": [1, 2]}, readings=2, on="inline")
        >>> live.spec.readings, live.folder.exists()
        (2, False)
    """

    folder: Path
    spec: Study
    workers: int
    until_decided: bool = False
    budget_seconds: float | None = None
    notes: list[str] = field(default_factory=list)
    saved_text: str | None = None
    """The text of the study.yaml that `spec` was made from; None where there was none."""
    out_of_budget: bool = False
    executor: MakeExecutor = worker_processes
    """Where readings are trained."""
    starts: Known = field(default_factory=dict)
    """The weights that readings begin with, as they were when the study was asked for."""
    few_steps: list[str] = field(default_factory=list)
    """Of a new study, that trainings are few steps to learn from; a sheet's levels are its own."""
    _failed: dict[str, str] = field(default_factory=dict)
    _written_at: float = 0.0

    @property
    def result(self) -> StudyResult:
        """What it has come to by now."""
        return result_of(self.folder, self.spec)

    def __iter__(self) -> Iterator[StudyEvent]:
        return self.events()

    def finish(self) -> StudyResult:
        """Take all readings that are missing; returns the result."""
        for _ in self:
            pass
        return self.result

    def missing(self) -> tuple[Cell, ...]:
        """The cells whose readings have not ended, first readings first.

        Those that failed for good before are among them: they are tried again.
        """
        ended = {
            (reading.level, reading.number)
            for reading in self.result.readings
            if reading.status in ENDED
        }
        cells = plan_cells(self.spec, plan_levels(self.spec), starts=self.starts)
        return tuple(cell for cell in cells if (cell.level, cell.number) not in ended)

    def events(self, stop: Stop = lambda: False) -> Iterator[StudyEvent]:
        """Take the missing readings, yielding what happens; `stop` is asked all the time.

        Raises ToileError where another process has the study in hand.
        """
        until = time.monotonic() + (self.budget_seconds or math.inf)
        with ExitStack() as held:
            lock = hold_study(self.folder, held)
            if stored_text(self.folder) != self.saved_text:
                raise ToileError(f"{self.folder / 'study.yaml'} has just changed; ask again")
            self._failed = {}
            # A cluster without room is refused before this, and then nothing is written.
            with self.executor(self.workers, (lock,)) as executor:
                yield from self._write("running", stop)
                self.workers = executor.slots
                yield from self._train(executor, lambda: stop() or time.monotonic() > until)
            result = self.result
            decided = result.ended and result.verdict is not None and result.verdict.decided
            self.out_of_budget = time.monotonic() > until and not stop() and not decided
            yield from self._write("finished" if result.ended else "stopped", stop)

    def _train(self, executor: Executor, stop: Stop) -> Iterator[StudyEvent]:
        """Take what is missing, and what the looks ask for after that."""
        while not stop():
            for event in train_readings(self.folder, self.missing(), executor, stop):
                yield event
                if isinstance(event, Ended):
                    yield from self._remember(event.reading, stop)
            if stop() or not self.until_decided:
                return
            verdict = self.result.verdict
            if verdict is None:
                return
            num_readings = max(self.spec.readings_of(level.name) for level in self.result.levels)
            yield Looked(num_readings, verdict)
            required = next_look(verdict, LOOKS.index(num_readings))
            if not required:
                return
            more = {level: count - self.spec.readings for level, count in required.items()}
            self.spec = self.spec.model_copy(update={"more": {**self.spec.more, **more}})
            yield from self._write("running", stop)

    def _remember(self, reading: Reading, stop: Stop) -> Iterator[Paused]:
        """A failure at once, since no run's folder tells of it; how it stands now and then."""
        if reading.status == "failed":
            self._failed[cell_key(reading.level, reading.number)] = reading.reason
        if (
            reading.status == "failed"
            or time.monotonic() - self._written_at > SECONDS_BETWEEN_STANDINGS
        ):
            yield from self._write("running", stop)

    def _write(self, status: str, stop: Stop) -> Iterator[Paused]:
        """Write the study's own files, as soon as there is room for them."""
        while True:
            try:
                self._write_now(status)
                return
            except ToileError as error:
                if not disk_is_full(error) or stop():
                    raise
                yield Paused(str(error))
                time.sleep(SECONDS_WITHOUT_ROOM)

    def _write_now(self, status: str) -> None:
        text = study_text(self.spec)
        if text != self.saved_text:
            write_atomically(self.folder / "study.yaml", text.encode())
            self.saved_text = text
        if status != "running":
            # Before the status: a kill in between must leave no new status beside an old verdict.
            write_json(self.folder / "verdict.json", study_summary(self.result))
        write_status(self.result, status, self._failed)
        self._written_at = time.monotonic()


def hold_study(folder: Path, held: ExitStack) -> int:
    """Hold `folder` as long as `held` is open; gives the lock's file descriptor."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToileError(f"{folder} cannot be made a study's folder: {error.strerror}") from None
    until = time.monotonic() + SECONDS_TO_LET_GO
    while True:
        try:
            return held.enter_context(file_lock(folder, wait=False))
        except ToileError:
            # The processes of a study that was killed hold it until they have stopped.
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
