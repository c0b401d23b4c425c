"""Taking readings: cells are handed to an executor, and what becomes of them is followed.

A reading whose process fails is tried once more, going on from its checkpoint. One that finds the
disk full waits for room. One that diverges has ended: the same steps would diverge again.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from toile.errors import ToileError
from toile.recipe import recipe_text
from toile.studies.events import Advanced, Ended, Paused, Retried, Started, StudyEvent
from toile.studies.executor import Answer, Executor, Job
from toile.studies.folder import ENDED, read_reading
from toile.studies.plan import Cell
from toile.studies.result import Reading

TRIES = 2
SECONDS_WITHOUT_ROOM = 3.0
SECONDS_BETWEEN_QUESTIONS = 0.1


def take_readings(
    folder: Path, cells: Sequence[Cell], executor: Executor, stop: Callable[[], bool]
) -> Iterator[StudyEvent]:
    """Take the readings of all `cells` of the study in `folder`, until done or `stop` says so.

    Raises ToileError where one is refused for what a user can put right.
    """
    taking = _Taking(folder, cells, executor)
    while taking.open and not stop():
        yield from taking.follow()


class _Taking:
    def __init__(self, folder: Path, cells: Sequence[Cell], executor: Executor) -> None:
        self.folder, self.executor = folder, executor
        self.open = {cell.key: cell for cell in cells}
        self.tries: Counter[str] = Counter()
        self.without_room: dict[str, float] = {}
        for key in self.open:
            self._submit(key)

    def follow(self) -> Iterator[StudyEvent]:
        """What has happened by now."""
        now = time.monotonic()
        for key in [key for key, until in self.without_room.items() if now > until]:
            del self.without_room[key]
            self._submit(key)
        for answer in self.executor.answers(SECONDS_BETWEEN_QUESTIONS):
            yield self._event(answer, self.open[answer.key])

    def _submit(self, key: str) -> None:
        recipe = recipe_text(self.open[key].recipe, complete=True)
        self.executor.submit(Job(key, self.folder / "readings" / key, recipe))

    def _event(self, answer: Answer, cell: Cell) -> StudyEvent:
        match answer.kind:
            case "begun":
                return Started(cell.level, cell.number)
            case "share":
                return Advanced(cell.level, cell.number, answer.share)
            case "done":
                return self._done(cell)
            case "lost":
                return self._lost(cell, answer.text)
            case "no room":
                self.without_room[cell.key] = time.monotonic() + SECONDS_WITHOUT_ROOM
                return Paused(answer.text)
        raise ToileError(f"level {cell.level}, reading {cell.number}: {answer.text}")

    def _done(self, cell: Cell) -> StudyEvent:
        reading = self._read(cell)
        if reading.status not in ENDED:
            return self._lost(cell, f"its run ended as {reading.status}")
        del self.open[cell.key]
        return Ended(reading)

    def _lost(self, cell: Cell, reason: str) -> StudyEvent:
        self.tries[cell.key] += 1
        if self.tries[cell.key] < TRIES:
            self._submit(cell.key)
            return Retried(cell.level, cell.number, reason)
        del self.open[cell.key]
        return Ended(replace(self._read(cell), status="failed", reason=reason))

    def _read(self, cell: Cell) -> Reading:
        return read_reading(self.folder, cell.level, cell.number, cell.recipe.seed, {})
