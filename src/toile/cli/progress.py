"""What the terminal shows while data is read or something is made; silence when piped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from toile.cli.console import Terminal, draws_bars
from toile.cli.terminal import plain, tell, volume
from toile.cli.words import duration


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on the terminal what is being waited for, as long as it takes."""
    begun = time.monotonic()
    with Terminal().status(what):
        yield
    if volume.verbose:
        tell(f"{what}: {duration(time.monotonic() - begun)}")


@contextmanager
def data_progress() -> Iterator[Callable[[int, int | None, str], None]]:
    """What `load_data` tells its progress to: a bar on the terminal, gone when it is done."""
    console = Terminal()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not draws_bars(console)
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def count(done: int, total: int | None, what: str) -> None:
            # Fetching counts bytes and reading counts pictures: a bar for each thing counted.
            if what not in tasks:
                tasks[what] = bars.add_task(plain(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        begun = time.monotonic()
        yield count
    if volume.verbose:
        for what in tasks:
            tell(f"{plain(what)}: {duration(time.monotonic() - begun)}")


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal for something told by (done, total), gone when it is done."""
    with data_progress() as count:
        yield lambda done, total: count(done, total, what)
