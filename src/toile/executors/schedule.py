"""Tasks given to an executor, and followed until each has ended.

A task whose process fails is tried once more, going on from its checkpoint. One that finds the
disk full waits for room. One that diverges has ended: the same steps would diverge again.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from toile.executors.executor import Executor, Task, TaskEvent

TRIES = 2
SECONDS_WITHOUT_ROOM = 3.0
SECONDS_BETWEEN_QUESTIONS = 0.1


@dataclass(frozen=True)
class TaskOutcome:
    """What became of the task `key`.

    `started` once it trains, `advanced` to `fraction` of its steps, in [0, 1], `retried` where what
    trained it has failed, and `waiting` where the disk is full; at last `ended`, `failed` for good,
    or `refused` for what a user can put right. `reason` says why.
    """

    key: str
    kind: Literal["started", "advanced", "retried", "waiting", "ended", "failed", "refused"]
    fraction: float = 0.0
    reason: str = ""


class TaskSchedule:
    """The tasks that `executor` has, and the tries that each has had.

    `why_open` says of a task that is done why its run has not ended, and is empty where it has.
    """

    def __init__(self, executor: Executor, why_open: Callable[[str], str]) -> None:
        self.open: dict[str, Task] = {}
        self._executor, self._why_open = executor, why_open
        self._tries: Counter[str] = Counter()
        self._without_room: dict[str, float] = {}

    @property
    def has_room(self) -> bool:
        """Whether one more task would train at once."""
        return len(self.open) < self._executor.slots

    def add(self, task: Task) -> None:
        """Have `task` trained."""
        self.open[task.key] = task
        self._executor.submit(task)

    def outcomes(self) -> Iterator[TaskOutcome]:
        """What has happened since the last call, after a moment's wait."""
        now = time.monotonic()
        for key in [key for key, until in self._without_room.items() if now > until]:
            del self._without_room[key]
            self._executor.submit(self.open[key])
        for event in self._executor.events(SECONDS_BETWEEN_QUESTIONS):
            yield self._outcome(event)

    def _outcome(self, event: TaskEvent) -> TaskOutcome:
        match event.kind:
            case "started" | "advanced":
                return TaskOutcome(event.key, event.kind, event.fraction)
            case "done":
                reason = self._why_open(event.key)
                return self._lost(event.key, reason) if reason else self._close(event.key, "ended")
            case "lost":
                return self._lost(event.key, event.reason)
            case "no room":
                self._without_room[event.key] = time.monotonic() + SECONDS_WITHOUT_ROOM
                return TaskOutcome(event.key, "waiting", reason=event.reason)
        return self._close(event.key, "refused", event.reason)

    def _close(
        self, key: str, kind: Literal["ended", "failed", "refused"], reason: str = ""
    ) -> TaskOutcome:
        del self.open[key]
        return TaskOutcome(key, kind, reason=reason)

    def _lost(self, key: str, reason: str) -> TaskOutcome:
        self._tries[key] += 1
        if self._tries[key] == TRIES:
            return self._close(key, "failed", reason)
        self._executor.submit(self.open[key])
        return TaskOutcome(key, "retried", reason=reason)
