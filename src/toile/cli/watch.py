"""Shows a running training."""

import math
from collections.abc import Iterable

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from toile.cli.console import Terminal, draws_bars
from toile.cli.curve import text_curve
from toile.cli.terminal import plain, tell
from toile.cli.words import duration, percent
from toile.runs import LiveRun
from toile.training import Diverged, Epoch, Event, Interval, Scoring, Stepped


class Bars(Progress):
    """A progress bar with a curve above it."""

    curve = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The curve, if there is one, and the bar."""
        if self.curve:
            yield Text(self.curve)
        yield self.make_tasks_table(self.tasks)


class Watch:
    """Shows the events of a training: a bar, a line for each epoch, a curve on request.

    It writes to the error stream, so that results can be piped; if that is no terminal and no
    notebook, it shows only the lines.
    """

    def __init__(self, epochs: int, curve: bool = False) -> None:
        self.console = Terminal()
        self.epochs, self.curve = epochs, curve
        self.accuracies: list[float] = []
        self.bars = Bars(
            TextColumn("epoch {task.fields[epoch]}/" + str(epochs)),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not draws_bars(self.console),
        )
        self.task = self.bars.add_task("", total=None, epoch=1, status="")

    def __enter__(self) -> "Watch":
        self.bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()
        if self.bars.curve:
            # The bar and its curve are removed at the end, so the last curve is printed again.
            self._say(self.bars.curve)

    def introduce(self, live: LiveRun) -> None:
        """Show what is about to be trained, and its notes."""
        training = live.fit.recipe.training
        lines = [f"note: {plain(note)}" for note in live.notes]
        lines.append(
            f"{live.run.id}: {len(live.split.train):,} images to train on, "
            f"{len(live.split.validation):,} to validate; {training.device}, "
            f"{training.threads} thread{'s' if training.threads != 1 else ''}, {training.precision}"
        )
        if training.keep:
            megabytes = 4 * live.plan.parameters * training.epochs / 1e6
            lines.append(f"keeps the weights of each epoch: {megabytes:,.1f} MB in all")
        if training.start is not None:
            children = live.fit.network.named_children()
            learning = [name for name, layer in children if any(True for _ in layer.parameters())]
            fresh = [name for name in learning if name not in training.start.copied]
            lines.append(
                f"layers copied: {', '.join(training.start.copied)}; "
                f"frozen: {', '.join(training.start.frozen) or 'none'}; "
                f"initialised, since of other shapes or not requested: {', '.join(fresh) or 'none'}"
            )
        for line in lines:
            self._say(line)

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Stepped():
                self.bars.update(
                    self.task, completed=event.step, total=event.steps, epoch=event.epoch
                )
            case Interval():
                status = f"loss {event.loss:.3f} {event.images_per_second:,.0f} images/s"
                if self.accuracies:
                    status += f"  val {percent(self.accuracies[-1])}"
                self.bars.update(self.task, status=status)
            case Scoring():
                self.bars.update(self.task, status=f"scoring {event.done}/{event.images}")
            case Epoch():
                self._epoch(event)
            case Diverged():
                self._say(f"diverged in epoch {event.epoch}, step {event.step}")

    def _epoch(self, event: Epoch) -> None:
        validation = ""
        if not math.isnan(event.validation.accuracy):
            self.accuracies.append(event.validation.accuracy)
            validation = (
                f"val loss {event.validation.loss:.4f} acc {percent(event.validation.accuracy)}  "
            )
        self._say(
            f"epoch {event.epoch:>{len(str(self.epochs))}}  "
            f"loss {event.training.loss:.4f} acc {percent(event.training.accuracy)}  {validation}"
            f"{duration(event.seconds + event.evaluation_seconds)}{'  kept' * event.best}"
        )
        if self.curve and self.accuracies:
            self.bars.curve = text_curve(self.accuracies)

    def _say(self, line: str) -> None:
        if self.console.is_terminal or self.console.is_jupyter:
            # Names of classes and runs must not be read as rich's markup.
            self.bars.console.print(line)
        else:
            tell(line)
