"""A study as it is watched: its table filling in on a terminal, else a line for each reading."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from toile.cli.console import Terminal
from toile.cli.terminal import plain, tell
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

WIDE = 8  # columns a score takes
ENDED = ("finished", "diverged", "failed")
SIGNS = {"finished": "█", "diverged": "∞", "failed": "✗", "running": "▒"}


@dataclass
class _Cell:
    """A reading as shown: how it stands, and what is written there."""

    status: str
    text: str
    share: float = 0.0
    begun: float = 0.0


class StudyWatch:
    """Shows the events of a study on the error stream, so that results can be piped."""

    def __init__(self, result: StudyResult, workers: int, console: Console | None = None) -> None:
        self.console = console or Terminal()
        self.workers = workers
        self.cells: dict[tuple[str, int], _Cell] = {}
        self.seconds: dict[str, list[float]] = {}
        self.paused = False
        self.take_in(result)
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

    def take_in(self, result: StudyResult) -> None:
        """Show the readings of `result`, which may be more than before."""
        for one in result.readings:
            known = self.cells.get((one.level, one.number))
            if known is None or known.status not in ENDED:
                self.cells[one.level, one.number] = _cell_of(one)

    def show(self, event: StudyEvent, result: StudyResult | None = None) -> None:
        """Show one event; `result` is the study's where a look has asked for more readings."""
        match event:
            case Started():
                self.paused = False
                cell = _Cell("running", "0 %", begun=time.monotonic())
                self.cells[event.level, event.number] = cell
            case Advanced():
                cell = self.cells[event.level, event.number]
                cell.share, cell.text = event.fraction, f"{100 * event.fraction:.0f} %"
            case Retried():
                self.cells[event.level, event.number] = _Cell("waiting", "again")
                self._say(f"{_place(event)} failed, tried once more: {event.reason}")
            case Ended():
                self._ended(event.reading)
            case Paused() if not self.paused:
                self.paused = True
                self._say(f"paused: {event.reason}; it continues when there is room")
            case Looked():
                open_ = sum(one.verdict == "undecided" for one in event.verdict.pairs)
                self._say(
                    f"look at {event.readings} readings a level: {open_} of "
                    f"{len(event.verdict.pairs)} pairs undecided"
                )
        if self.live.is_started:
            self.live.refresh()

    def table(self) -> RenderableType:
        """Levels down, readings across, and how long it will take."""
        names = list(dict.fromkeys(level for level, _ in self.cells))
        most = max(number for _, number in self.cells)
        room = self.console.width - max(map(len, names)) - 4
        grid = Table.grid(padding=(0, 2))
        wide = room >= most * WIDE
        if wide:
            grid.add_row("", *(Text(str(n + 1), style="dim") for n in range(most)))
        for name in names:
            row = [self.cells.get((name, n + 1)) for n in range(most)]
            shown = [Text(one.text if one else "") for one in row]
            signs = "".join(SIGNS.get(one.status, "·") for one in row if one)
            grid.add_row(Text(plain(name)), *(shown if wide else [Text(signs)]))
        return Group(grid, Text(self._standing(), style="dim"))

    def _ended(self, reading: Reading) -> None:
        cell = self.cells[reading.level, reading.number]
        if cell.begun:
            self.seconds.setdefault(reading.level, []).append(time.monotonic() - cell.begun)
        self.cells[reading.level, reading.number] = _cell_of(reading)
        because = f" ({reading.reason})" if reading.reason else ""
        said = percent(reading.score) if reading.status == "finished" else reading.status
        if reading.status == "failed" or not self.console.is_terminal:
            self._say(f"{_place(reading)}: {said}{because}; {self._standing()}")

    def _standing(self) -> str:
        done = sum(one.status in ENDED for one in self.cells.values())
        left = self.seconds_left()
        time_left = "" if left is None else f", about {duration(left)} left"
        return f"{done} of {len(self.cells)} readings{time_left}"

    def seconds_left(self) -> float | None:
        """By the readings that have ended; None before the first, and once all have."""
        known = [one for seconds in self.seconds.values() for one in seconds]
        left = {at: one for at, one in self.cells.items() if one.status not in ENDED}
        if not known or not left:
            return None
        mean = sum(known) / len(known)
        work = sum(
            (1 - one.share) * _mean(self.seconds.get(level, ()), mean)
            for (level, _), one in left.items()
        )
        return work / min(self.workers, len(left))

    def _say(self, line: str) -> None:
        if self.console.is_terminal:
            # Names of levels are not ours: they must not be read as rich's markup.
            self.console.print(line)
        else:
            tell(plain(line))


def _cell_of(one: Reading) -> _Cell:
    if one.status == "finished" and one.score is not None:
        return _Cell("finished", f"{100 * one.score:.2f}")
    return _Cell(one.status, one.status if one.status in ENDED else "·")


def _place(one: Reading | Retried) -> str:
    return f"{one.level}, reading {one.number}"


def _mean(values: Iterable[float], otherwise: float) -> float:
    known = list(values)
    return sum(known) / len(known) if known else otherwise
