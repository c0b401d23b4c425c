"""How a run stands: state.json, which also carries what a listing shows."""

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from toile.errors import ToileError
from toile.file_lock import is_held
from toile.files import write_json
from toile.read_once import ReadOnce
from toile.recipe import first_fault
from toile.runs.records import read_json

Status = Literal[
    "queued", "running", "finished", "stopped", "diverged", "failed", "interrupted", "imported"
]
STATUSES: tuple[str, ...] = get_args(Status)
UNDER_WAY = ("queued", "running")
TIME = "%Y-%m-%dT%H:%M:%S%z"


@dataclass(frozen=True)
class State:
    """A run's state. `accuracy` is its score so far on validation, None before an epoch is scored;
    `seen` is what must be said beside it where its weights may have learnt what scores them.

    `imported` is a run whose weights came from a file, and that was not trained here.
    `interrupted` is never written: it is a run that says it is queued or running while its process
    is gone, or running while nobody holds its folder.
    """

    status: Status
    name: str
    data: str
    seed: int
    epochs: int
    created: str
    parameters: int
    epoch: int = 0
    accuracy: float | None = None
    reason: str = ""
    pid: int = 0
    pid_started: str = ""
    boot: str = ""
    seen: str = ""

    @property
    def alive(self) -> bool:
        """Whether the process that trains it still runs, on this boot of this machine."""
        return (
            self.status in UNDER_WAY
            and self.boot == boot_id()
            and self.pid_started == process_started(self.pid)
            and self.pid_started != ""
        )


_STATE = TypeAdapter(State)
_READ: ReadOnce[State] = ReadOnce(20_000)


def read_state(folder: Path) -> State:
    """The state of the run in `folder`, `interrupted` derived. Raises ToileError without one.

    A training holds its folder as long as it runs, also where its process lives on without it, as
    in a notebook.
    """
    state = _stored(folder)
    if state.status == "running" and state.alive and not is_held(folder):
        # Read again, since it may have ended between the two questions.
        state = _stored(folder)
        if state.status == "running":
            return replace(state, status="interrupted")
    if state.status in UNDER_WAY and not state.alive:
        return replace(state, status="interrupted")
    return state


def _stored(folder: Path) -> State:
    # As text, since a listing asks for thousands: a path takes longer than a stat.
    file = f"{folder}/state.json"
    return _READ.of((file,), lambda: _read(Path(file)))


def _read(path: Path) -> State:
    try:
        # As JSON again, since strict validation takes a record for a dataclass in no other form.
        record = json.dumps(read_json(path.read_bytes(), path))
        state = _STATE.validate_json(record, strict=True)
    except FileNotFoundError:
        raise ToileError(f"{path.parent} is not a run: it has no state.json") from None
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise ToileError(f"{path} is damaged: {first_fault(error)}") from None
    return state


def write_state(folder: Path, state: State) -> None:
    """Record `state`, as of this process where it is queued or running."""
    if state.status in UNDER_WAY:
        pid = os.getpid()
        state = replace(state, pid=pid, pid_started=process_started(pid), boot=boot_id())
    write_json(folder / "state.json", asdict(state))


def now() -> str:
    """The time, to the second, with its zone."""
    return time.strftime(TIME)


def boot_id() -> str:
    """What tells this boot of the machine from another; empty where the system does not say."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def process_started(pid: int) -> str:
    """When process `pid` started, in the system's own unit; empty when there is none any more.

    Together with the pid this names a process for good: a pid alone is given out again.
    """
    try:
        # The name in parentheses may hold anything; the start is the 20th field after it.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        # A zombie has ended, and is there only until somebody asks how.
        return "" if fields[0] == "Z" else fields[19]
    except (FileNotFoundError, ProcessLookupError):
        pass  # there is none, or no /proc; it may also end between being opened and being read
    if Path("/proc").exists() or pid <= 0:
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "alive"
