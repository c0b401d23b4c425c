"""Shows a running search: its best trials on a terminal, or else a line for each trial."""

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from toile.cli.console import Terminal, say_above
from toile.cli.terminal import plain
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
        self.workers, self.num_trials = workers, result.spec.trials
        self.ended = {trial.number: trial for trial in result.trials if trial.ended}
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
                    say_above(self.console, f"{trial_words(trial)}; {self._status_line()}")
            case Paused(reason) if not self.paused:
                self.paused = True
                say_above(self.console, f"paused: {reason}; it continues when there is room")
        if self.live.is_started:
            self.live.refresh()

    def table(self) -> RenderableType:
        """The best trials so far, the running trials, and the time left."""
        grid = Table.grid(padding=(0, 2))
        for trial in self._best():
            words = plain(values_words(trial.values))
            grid.add_row(Text(f"trial {trial.number}"), Text(percent(trial.score)), Text(words))
        for trial, _ in self.begun.values():
            words = plain(values_words(trial.values))
            grid.add_row(Text(f"trial {trial.number}", style="dim"), Text("..."), Text(words))
        return Group(grid, Text(self._status_line(), style="dim"))

    def _best(self) -> list[Trial]:
        finished = [trial for trial in self.ended.values() if trial.status == "finished"]
        return sorted(finished, key=lambda trial: -trial.scores[-1])[:SHOWN]

    def _status_line(self) -> str:
        stopped = sum(trial.status == "pruned" for trial in self.ended.values())
        best = self._best()
        parts = [f"{len(self.ended)} of {self.num_trials} trials"]
        parts += [f"{stopped} stopped early"] * bool(stopped)
        parts += [f"best {percent(trial.score)} by trial {trial.number}" for trial in best[:1]]
        left = self.num_trials - len(self.ended)
        if self.seconds and left:
            mean = sum(self.seconds) / len(self.seconds)
            parts.append(f"about {duration(mean * left / min(self.workers, left))} left")
        return ", ".join(parts)


def trial_words(trial: Trial) -> str:
    """A trial's settings and outcome."""
    says = {
        "finished": percent(trial.score),
        "pruned": f"stopped early after epoch {len(trial.scores)}",
    }
    because = (
        f" ({trial.reason})" if trial.reason and trial.status in ("failed", "diverged") else ""
    )
    outcome = says.get(trial.status, trial.status)
    return f"trial {trial.number} ({values_words(trial.values)}): {outcome}{because}"
