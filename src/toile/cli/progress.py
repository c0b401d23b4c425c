"""What the terminal shows while data is read or something is made; silence when piped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from toile.cli.console import Terminal, draws_bars
from toile.cli.terminal import plain


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on the terminal what is being waited for, as long as it takes."""
    with Terminal().status(what):
        yield


@contextmanager
def data_progress() -> Iterator[Callable[[int, int | None, str], None]]:
    """What `load_data` tells its progress to: a bar on the terminal, gone when it is done."""
    console = Terminal()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not draws_bars(console)
    ) as bars:
        tasks = {}

        def tell(done: int, total: int | None, what: str) -> None:
            # Fetching counts bytes and reading counts pictures: a bar for each thing counted.
            if what not in tasks:
                tasks[what] = bars.add_task(plain(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal for something told by (done, total), gone when it is done."""
    with data_progress() as tell:
        yield lambda done, total: tell(done, total, what)
