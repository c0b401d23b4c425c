"""Progress shown on the terminal; nothing is shown when output is piped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from toile.cli.console import Terminal, draws_bars
from toile.cli.terminal import plain, tell, volume
from toile.cli.words import duration


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show `label` on the terminal while the block runs."""
    begun = time.monotonic()
    with Terminal().status(label):
        yield
    if volume.verbose:
        tell(f"{label}: {duration(time.monotonic() - begun)}")


@contextmanager
def data_progress() -> Iterator[Callable[[int, int | None, str], None]]:
    """A function that shows the progress of `load_data` as bars, removed at the end."""
    console = Terminal()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not draws_bars(console)
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def count(done: int, total: int | None, label: str) -> None:
            # Downloading counts bytes and reading counts pictures, so each label has a bar.
            if label not in tasks:
                tasks[label] = bars.add_task(plain(label), total=total)
            bars.update(tasks[label], completed=done, total=total)

        begun = time.monotonic()
        yield count
    if volume.verbose:
        for label in tasks:
            tell(f"{plain(label)}: {duration(time.monotonic() - begun)}")


@contextmanager
def counted(label: str) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, total) that shows a bar labelled `label`, removed at the end."""
    with data_progress() as count:
        yield lambda done, total: count(done, total, label)
