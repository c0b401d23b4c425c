"""Where readings are trained: one interface, behind which processes or machines may stand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Kind = Literal["begun", "share", "done", "lost", "refused", "no room"]


@dataclass(frozen=True)
class Job:
    """A reading to take: a complete recipe's text, and the run folder it is to fill or go on with.

    `key` names it among the jobs of its study.
    """

    key: str
    folder: Path
    recipe: str


@dataclass(frozen=True)
class Answer:
    """What became of the job `key`.

    `begun` once it trains, `share` of it done in [0, 1] now and then, and one of these at last:
    `done`, its run having ended as its folder says; `lost`, what trained it having failed;
    `refused`, by what a user can put right; `no room`, the disk being full. `text` says why.
    """

    key: str
    kind: Kind
    share: float = 0.0
    text: str = ""


class Executor(Protocol):
    """Takes jobs and answers for each. Leaving it stops what still trains, with a checkpoint."""

    slots: int
    """How many jobs it trains at once."""

    def submit(self, job: Job) -> None:
        """Train `job` as soon as there is room."""

    def answers(self, seconds: float) -> list[Answer]:
        """What has happened since the last call; waits at most so long for the first."""

    def __enter__(self) -> "Executor":
        """Ready to take jobs."""

    def __exit__(self, *error: object) -> None:
        """Stop all jobs, and return when none trains any more."""
