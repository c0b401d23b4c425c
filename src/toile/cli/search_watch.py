"""A search as it is watched: its best trials on a terminal, else a line for each trial."""

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from toile.cli.console import Terminal
from toile.cli.terminal import plain, tell
from toile.cli.words import duration, percent
from toile.searches import SearchResult, Trial, values_words
from toile.studies import Paused

if TYPE_CHECKING:
    from toile.searches import SearchEvent

SHOWN = 5


class SearchWatch:
    """Shows the events of a search on the error stream, so that results can be piped."""

    def __init__(self, result: SearchResult, workers: int, console: Console | None = None) -> None:
        self.console = console or Terminal()
        self.workers, self.asked = workers, result.spec.trials
        self.ended = {one.number: one for one in result.trials if one.ended}
        self.begun: dict[int, tuple[Trial, float]] = {}
        self.seconds: list[float] = []
        self.paused = False
        self.live = Live(
            console=self.console, transient=True, auto_refresh=False, get_renderable=self.table
        )

    def __enter__(self) -> "SearchWatch":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def show(self, event: "SearchEvent") -> None:
        """Show one event."""
        from toile.searches import TrialBegun, TrialEnded

        match event:
            case TrialBegun(trial):
                self.paused = False
                self.begun[trial.number] = (trial, time.monotonic())
            case TrialEnded(trial):
                _, since = self.begun.pop(trial.number, (trial, time.monotonic()))
                self.seconds.append(time.monotonic() - since)
                self.ended[trial.number] = trial
                if not self.console.is_terminal:
                    self._say(f"{trial_words(trial)}; {self._standing()}")
            case Paused(reason) if not self.paused:
                self.paused = True
                self._say(f"paused: {reason}; it continues when there is room")
        if self.live.is_started:
            self.live.refresh()

    def table(self) -> RenderableType:
        """The best trials so far, those under way, and how long it will take."""
        grid = Table.grid(padding=(0, 2))
        for trial in self._best():
            words = plain(values_words(trial.values))
            grid.add_row(Text(f"trial {trial.number}"), Text(percent(trial.score)), Text(words))
        for trial, _ in self.begun.values():
            words = plain(values_words(trial.values))
            grid.add_row(Text(f"trial {trial.number}", style="dim"), Text("..."), Text(words))
        return Group(grid, Text(self._standing(), style="dim"))

    def _best(self) -> list[Trial]:
        finished = [one for one in self.ended.values() if one.status == "finished"]
        return sorted(finished, key=lambda one: -one.scores[-1])[:SHOWN]

    def _standing(self) -> str:
        stopped = sum(one.status == "pruned" for one in self.ended.values())
        best = self._best()
        parts = [f"{len(self.ended)} of {self.asked} trials"]
        parts += [f"{stopped} stopped early"] * bool(stopped)
        parts += [f"best {percent(one.score)} by trial {one.number}" for one in best[:1]]
        left = self.asked - len(self.ended)
        if self.seconds and left:
            mean = sum(self.seconds) / len(self.seconds)
            parts.append(f"about {duration(mean * left / min(self.workers, left))} left")
        return ", ".join(parts)

    def _say(self, line: str) -> None:
        if self.console.is_terminal:
            self.console.print(line)
        else:
            tell(plain(line))


def trial_words(trial: Trial) -> str:
    """What became of a trial, with what it tried."""
    says = {
        "finished": percent(trial.score),
        "pruned": f"stopped early after epoch {len(trial.scores)}",
    }
    because = (
        f" ({trial.reason})" if trial.reason and trial.status in ("failed", "diverged") else ""
    )
    said = says.get(trial.status, trial.status)
    return f"trial {trial.number} ({values_words(trial.values)}): {said}{because}"
