"""Processes that stop at an exact place: no test has to hit a moment by the clock."""

import os
import select
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import toile
from toile.training.fit import Position

# Runs in every Python process that is started with `Halting.environment`. A process halts after
# it has put the `count`-th file that matches in its place, or when it is about to import a module.
_HOOK = """
import fnmatch, os, sys

_left = int(os.environ["HALTING_COUNT"])

def _halt(place):
    try:
        says = os.open(os.environ["HALTING_SAYS"], os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # the test has ended
    os.write(says, f"{os.getpid()} {place}\\n".encode())
    hears = os.open(os.environ["HALTING_HEARS"], os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(hears, True)
    os.read(hears, 1)

def _replace(source, target, *, real=os.replace, **named):
    global _left
    real(source, target, **named)
    if fnmatch.fnmatch(os.fspath(target), os.environ["HALTING_FILE"]):
        _left -= 1
        if _left == 0:
            _halt(target)

def _imported(event, arguments):
    if event == "import" and arguments[0] == os.environ["HALTING_IMPORT"]:
        _halt(arguments[0])

os.replace = _replace
sys.addaudithook(_imported)
"""


@dataclass(frozen=True)
class Halted:
    """Process `pid` stands still: it has just written `place`, or is about to import it."""

    pid: int
    place: str


class Halting:
    """Lets processes of Python halt themselves, and waits until one has.

    `more` is code that they run at their start too.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder / "halting"
        self.folder.mkdir()
        (self.folder / "sitecustomize.py").write_text(_HOOK + more)
        for name in ("says", "hears"):
            os.mkfifo(self.folder / name)
        # For reading and writing, so that neither side waits for the other to open it.
        self._says = os.open(self.folder / "says", os.O_RDWR | os.O_NONBLOCK)
        self._hears = os.open(self.folder / "hears", os.O_RDWR | os.O_NONBLOCK)

    def environment(self, file: str = "", module: str = "", count: int = 1) -> dict[str, str]:
        """Variables for a process that is to halt at `file` (a pattern) or before `module`."""
        paths = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            "PYTHONPATH": os.pathsep.join(paths),
            "HALTING_SAYS": str(self.folder / "says"),
            "HALTING_HEARS": str(self.folder / "hears"),
            "HALTING_FILE": file,
            "HALTING_IMPORT": module,
            "HALTING_COUNT": str(count),
        }

    def wait(self, pid: int) -> Halted | None:
        """Who has halted; None where the process `pid`, a child of this one, ends before that."""
        end = os.pidfd_open(pid)
        try:
            ready, _, _ = select.select([self._says, end], [], [])
        finally:
            os.close(end)
        if self._says not in ready:
            return None
        # One short line, which a pipe takes and gives whole.
        halted, place = os.read(self._says, 4096).decode().split(maxsplit=1)
        return Halted(int(halted), place.strip())

    def release(self) -> None:
        """Let the process that has halted go on."""
        os.write(self._hears, b".")

    def close(self) -> None:
        """Close the pipes."""
        os.close(self._says)
        os.close(self._hears)


class Death:
    """A profiler that kills its process `calls` calls after training has come to `step`.

    Calls of Toile's functions count, and those that they make to functions written in C: so a kill
    may come between two operations of a step, or between two writes of a checkpoint.
    """

    def __init__(self, position: Position, step: int, calls: int) -> None:
        self.position, self.step, self.calls_left = position, step, calls

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event not in ("call", "c_call") or "toile" not in frame.f_code.co_filename:
            return
        if self.position.step >= self.step:
            self.calls_left -= 1
            if self.calls_left < 0:
                os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(step: int, calls: int, **asked: Any) -> None:
    """Begin a run and train it, killing this process where `Death` says."""
    live = toile.begin(**asked)
    sys.setprofile(Death(live.fit.position, step, calls))
    live.finish()
