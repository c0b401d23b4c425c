"""Shows a running study: a table of readings on a terminal, or else a line for each reading."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from toile.cli.console import Terminal, say_above
from toile.cli.terminal import plain
from toile.cli.words import duration, percent
from toile.studies import (
    Advanced,
    Ended,
    Looked,
    Paused,
    Reading,
    Retried,
    Started,
    StudyEvent,
    StudyResult,
)

WIDE = 8  # letters of a score with its gap
ENDED = ("finished", "diverged", "failed")
SIGNS = {"finished": "█", "diverged": "∞", "failed": "✗", "running": "▒"}


@dataclass
class _Cell:
    """A reading's cell of the table: its status and text."""

    status: str
    text: str
    fraction: float = 0.0
    begun: float = 0.0


class StudyWatch:
    """Shows the events of a study on the error stream, so that results can be piped."""

    def __init__(self, result: StudyResult, workers: int, console: Console | None = None) -> None:
        self.console = console or Terminal()
        self.workers = workers
        self.cells: dict[tuple[str, int], _Cell] = {}
        self.seconds: dict[str, list[float]] = {}
        self.paused = False
        self.update(result)
        self.live = Live(
            console=self.console,
            transient=True,
            auto_refresh=False,
            get_renderable=self.table,
        )

    def __enter__(self) -> "StudyWatch":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def update(self, result: StudyResult) -> None:
        """Show the readings of `result`, which may have more than before."""
        for reading in result.readings:
            known = self.cells.get((reading.level, reading.number))
            if known is None or known.status not in ENDED:
                self.cells[reading.level, reading.number] = _cell_of(reading)

    def show(self, event: StudyEvent) -> None:
        """Show one event."""
        match event:
            case Started():
                self.paused = False
                cell = _Cell("running", "0 %", begun=time.monotonic())
                self.cells[event.level, event.number] = cell
            case Advanced():
                cell = self.cells[event.level, event.number]
                cell.fraction, cell.text = event.fraction, f"{100 * event.fraction:.0f} %"
            case Retried():
                self.cells[event.level, event.number] = _Cell("waiting", "again")
                say_above(
                    self.console, f"{_reading_name(event)} failed, tried once more: {event.reason}"
                )
            case Ended():
                self._ended(event.reading)
            case Paused() if not self.paused:
                self.paused = True
                say_above(self.console, f"paused: {event.reason}; it continues when there is room")
            case Looked():
                open_ = sum(pair.verdict == "undecided" for pair in event.verdict.pairs)
                say_above(
                    self.console,
                    f"look at {event.readings} readings a level: {open_} of "
                    f"{len(event.verdict.pairs)} pairs undecided",
                )
        if self.live.is_started:
            self.live.refresh()

    def table(self) -> RenderableType:
        """Levels as rows, readings as columns, and the time left."""
        names = list(dict.fromkeys(level for level, _ in self.cells))
        most = max(number for _, number in self.cells)
        space = self.console.width - max(map(len, names)) - 4
        grid = Table.grid(padding=(0, 2))
        wide = space >= most * WIDE
        if wide:
            grid.add_row("", *(Text(str(n + 1), style="dim") for n in range(most)))
        for name in names:
            row = [self.cells.get((name, n + 1)) for n in range(most)]
            shown = [Text(cell.text if cell else "") for cell in row]
            signs = "".join(SIGNS.get(cell.status, "·") for cell in row if cell)
            grid.add_row(Text(plain(name)), *(shown if wide else [Text(signs)]))
        return Group(grid, Text(self._status_line(), style="dim"))

    def _ended(self, reading: Reading) -> None:
        cell = self.cells[reading.level, reading.number]
        if cell.begun:
            self.seconds.setdefault(reading.level, []).append(time.monotonic() - cell.begun)
        self.cells[reading.level, reading.number] = _cell_of(reading)
        because = f" ({reading.reason})" if reading.reason else ""
        outcome = percent(reading.score) if reading.status == "finished" else reading.status
        if reading.status == "failed" or not self.console.is_terminal:
            say_above(
                self.console, f"{_reading_name(reading)}: {outcome}{because}; {self._status_line()}"
            )

    def _status_line(self) -> str:
        done = sum(cell.status in ENDED for cell in self.cells.values())
        left = self.seconds_left()
        time_left = "" if left is None else f", about {duration(left)} left"
        return f"{done} of {len(self.cells)} readings{time_left}"

    def seconds_left(self) -> float | None:
        """An estimate from readings that have ended; None before the first and after the last."""
        known = [value for seconds in self.seconds.values() for value in seconds]
        left = {at: cell for at, cell in self.cells.items() if cell.status not in ENDED}
        if not known or not left:
            return None
        mean = sum(known) / len(known)
        work = sum(
            (1 - cell.fraction) * _mean(self.seconds.get(level, ()), mean)
            for (level, _), cell in left.items()
        )
        return work / min(self.workers, len(left))


def _cell_of(reading: Reading) -> _Cell:
    if reading.status == "finished" and reading.score is not None:
        return _Cell("finished", f"{100 * reading.score:.2f}")
    return _Cell(reading.status, reading.status if reading.status in ENDED else "·")


def _reading_name(reading: Reading | Retried) -> str:
    return f"{reading.level}, reading {reading.number}"


def _mean(values: Iterable[float], otherwise: float) -> float:
    known = list(values)
    return sum(known) / len(known) if known else otherwise
