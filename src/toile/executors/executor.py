"""The interface of what trains tasks, in processes or on other machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Kind = Literal["started", "advanced", "done", "lost", "refused", "no room"]


@dataclass(frozen=True)
class Task:
    """A training: a complete recipe's text, and the run folder it is to fill or go on with.

    `key` names it among the tasks of its study or search.
    """

    key: str
    folder: Path
    recipe: str


@dataclass(frozen=True)
class TaskEvent:
    """What became of the task `key`.

    `started` once it trains, `advanced` to `fraction` of its steps, in [0, 1], and one of these at
    last: `done`, its run having ended as its folder says; `lost`, what trained it having failed;
    `refused`, by what a user can put right; `no room`, the disk being full. `reason` says why.
    """

    key: str
    kind: Kind
    fraction: float = 0.0
    reason: str = ""


class MakeExecutor(Protocol):
    """Makes an executor of at most so many `workers`, which hold descriptors as long as they live.

    0 workers are as many as there is room for, where the executor can tell.
    """

    def __call__(self, workers: int, pass_fds: Sequence[int]) -> "Executor":
        """The executor, to be entered."""


class Executor(Protocol):
    """Takes tasks and tells of each. Leaving it stops what still trains, with a checkpoint."""

    slots: int
    """How many tasks it trains at once."""

    def submit(self, task: Task) -> None:
        """Train `task` as soon as a place is free."""

    def events(self, seconds: float) -> list[TaskEvent]:
        """What has happened since the last call; waits up to `seconds` for the first event."""

    def __enter__(self) -> "Executor":
        """Ready to take tasks."""

    def __exit__(self, *error: object) -> None:
        """Stop all tasks, and return when none trains any more."""
