"""Processes that compute for the server, so that it needs no torch and one picture ends no other.

Each is started when it is asked first, and ended when nobody has asked for a while.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from toile.errors import ToileError

IDLE_SECONDS = 120.0
# Loading torch and a first network took 4 s on two busy cores.
ANSWER_SECONDS = 60.0
# Each takes a thread of the server's forty while it waits.
MOST_WAITING = 8
LOST = "the process that computes this has ended, perhaps for want of memory; try it again"
Question = dict[str, Any]
Tell = Callable[[int, int | None, str], None]


def tell_nobody(done: int, total: int | None, unit: str) -> None:
    """Tell nobody how far it is."""


def never() -> bool:
    """Nobody stops it."""
    return False


class Computing:
    """Asks a process of its own, one thing at a time; a lost one is started anew.

    The process is `python -m toile.app.computing_process`; it reads a line of JSON and then as many
    bytes as that says, and answers with lines of JSON: how far it is, and the answer last.
    """

    def __init__(
        self, workspace: Path, seconds: float | None = ANSWER_SECONDS, lost: str = LOST
    ) -> None:
        """`seconds` is how long an answer may take, and the wait for it; None for no limit.

        `lost` is said where the process ends in place of an answer.
        """
        self._workspace = workspace
        self._lost = lost
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._process: subprocess.Popen[bytes] | None = None
        self._last_use = 0.0

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask(
        self,
        question: Question,
        content: bytes = b"",
        tell: Tell = tell_nobody,
        is_stopped: Callable[[], bool] = never,
    ) -> Question:
        """What it answers. Raises ToileError with its own sentence where it refuses.

        `is_stopped` is asked once its turn has come; nothing else is asked where it says so.
        """
        limit = self._seconds
        with self._turn(limit):
            process = self._started()
            # Who stops it later ends this process, so that one of the two is always in time.
            if is_stopped():
                raise ToileError("it was stopped before it began")
            self._last_use = time.monotonic()
            line = json.dumps(question | {"num_bytes": len(content)}).encode() + b"\n"
            timer = threading.Timer(limit or 0.0, process.kill)
            if limit is not None:
                timer.start()
            try:
                answer = _answer(process, line + content, tell)
            finally:
                timer.cancel()
                took, self._last_use = time.monotonic() - self._last_use, time.monotonic()
            if answer is None:
                self._end()
                if limit is not None and took >= limit:
                    raise ToileError(
                        f"no answer came within {limit:g} seconds, the most; try it again, or ask "
                        "for less"
                    )
                raise ToileError(self._lost)
        if "error" in answer:
            raise ToileError(answer["error"])
        return answer

    def interrupt(self) -> None:
        """End the process in the middle of what it does; who waits for that is told so."""
        if (process := self._process) is not None:
            process.kill()
            # Else the next question may still find it alive.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)

    def end_if_idle(self) -> None:
        """End the process where nobody has asked for a while."""
        if self._process is None or time.monotonic() - self._last_use < IDLE_SECONDS:
            return
        if self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def end(self) -> None:
        """End the process, whatever it does."""
        self.interrupt()
        with self._lock:
            self._end()

    @contextmanager
    def _turn(self, limit: float | None) -> Iterator[None]:
        """One's turn. Where answers have a limit the wait has it too, and few may wait."""
        if limit is None:
            with self._lock:
                yield
            return
        if not self._waiting.acquire(blocking=False):
            raise ToileError(
                f"{MOST_WAITING} questions wait for an answer, which is the most; try it again soon"
            )
        try:
            if not self._lock.acquire(timeout=limit):
                raise ToileError(
                    f"what was asked before takes over {limit:g} seconds; try it again soon"
                )
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._waiting.release()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toile.app.computing_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TOILE_RUNS": str(self._workspace.absolute())},
            start_new_session=True,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # Its input's end is its own; a kill of the server closes that too.
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answer(process: "subprocess.Popen[bytes]", content: bytes, tell: Tell) -> Question | None:
    """What the process says of `content`, its progress passed on; None where it ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(content)
        process.stdin.flush()
        while line := process.stdout.readline():
            answer: Question = json.loads(line)
            if "progress" not in answer:
                return answer
            tell(*answer["progress"])
    except (BrokenPipeError, json.JSONDecodeError):
        pass  # Killed while it read, or in the middle of a line.
    return None
