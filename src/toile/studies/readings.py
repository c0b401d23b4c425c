"""Training the readings: each cell's run as an executor's task, followed to its end."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from toile.errors import ToileError
from toile.executors import Executor, Task, TaskOutcome, TaskSchedule
from toile.recipe import recipe_text
from toile.runs import reading_folder
from toile.studies.events import Advanced, Ended, Paused, Retried, Started, StudyEvent
from toile.studies.folder import ENDED, read_reading
from toile.studies.plan import Cell
from toile.studies.result import Reading


def train_readings(
    folder: Path, cells: Sequence[Cell], executor: Executor, stop: Callable[[], bool]
) -> Iterator[StudyEvent]:
    """Train the readings of all `cells` of the study in `folder`, until done or `stop` says so.

    Raises ToileError where one is refused for what a user can put right.
    """
    by_key = {cell.key: cell for cell in cells}

    def why_open(key: str) -> str:
        status = _read(folder, by_key[key]).status
        return "" if status in ENDED else f"its run ended as {status}"

    schedule = TaskSchedule(executor, why_open)
    for key, cell in by_key.items():
        schedule.add(
            Task(key, reading_folder(folder, key), recipe_text(cell.recipe, complete=True))
        )
    while schedule.open and not stop():
        for outcome in schedule.outcomes():
            yield _event(folder, by_key[outcome.key], outcome)


def _event(folder: Path, cell: Cell, outcome: TaskOutcome) -> StudyEvent:
    match outcome.kind:
        case "started":
            return Started(cell.level, cell.number)
        case "advanced":
            return Advanced(cell.level, cell.number, outcome.fraction)
        case "retried":
            return Retried(cell.level, cell.number, outcome.reason)
        case "waiting":
            return Paused(outcome.reason)
        case "refused":
            raise ToileError(f"level {cell.level}, reading {cell.number}: {outcome.reason}")
        case "failed":
            return Ended(replace(_read(folder, cell), status="failed", reason=outcome.reason))
    return Ended(_read(folder, cell))


def _read(folder: Path, cell: Cell) -> Reading:
    return read_reading(folder, cell.level, cell.number, cell.recipe.seed, {})
