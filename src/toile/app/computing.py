"""Processes that compute for the server, which then needs no torch and survives their crashes.

Each starts at its first question, and ends after two minutes without a question.
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
# Loading torch and a first network took 4 s on two busy cores, so 60 s are enough.
ANSWER_SECONDS = 60.0
# Each waiting request occupies one of the server's forty threads.
MOST_WAITING = 8
LOST = "the process that computes this ended, perhaps because memory ran out; try again"
Question = dict[str, Any]
Tell = Callable[[int, int | None, str], None]


class ProcessEnded(ToileError):
    """The process ended before it answered; what it had written is there."""


def tell_nobody(done: int, total: int | None, unit: str) -> None:
    """Report nothing: the progress of a caller who wants none."""


def never() -> bool:
    """Return False: this is never stopped."""
    return False


class Computing:
    """Asks its own process one question at a time; a process that ended is started again.

    The process is `python -m toile.app.computing_process`. It reads a line of JSON and then
    `num_bytes` bytes, and writes lines of JSON: its progress, and at last the answer.
    """

    def __init__(
        self, workspace: Path, seconds: float | None = ANSWER_SECONDS, lost: str = LOST
    ) -> None:
        """`seconds` limits an answer, and the wait before it; None means no limit.

        `lost` is the error's text if the process ends without an answer.
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
        """The id of the process; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask(
        self,
        question: Question,
        content: bytes = b"",
        tell: Tell = tell_nobody,
        is_stopped: Callable[[], bool] = never,
    ) -> Question:
        """The answer of the process. Raises ToileError with the sentence of a refusal.

        It is a ProcessEnded if the process ended without an answer and within the limit.

        `is_stopped` is called when the question's turn has come; if it is true, nothing is asked.
        """
        limit = self._seconds
        with self._turn(limit):
            process = self._started()
            # A later stop ends this process; so every stop takes effect, here or there.
            if is_stopped():
                raise ToileError("it was stopped before it began; start it again")
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
                        f"no answer came within {limit:g} seconds, the limit; try again, or ask "
                        "for less"
                    )
                raise ProcessEnded(self._lost)
        if "error" in answer:
            raise ToileError(answer["error"])
        return answer

    def interrupt(self) -> None:
        """End the process at once; a waiting `ask` raises ToileError."""
        if (process := self._process) is not None:
            process.kill()
            # Otherwise the next question might be sent to the dying process.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)

    def end_if_idle(self) -> None:
        """End the process if it was not asked for two minutes."""
        if self._process is None or time.monotonic() - self._last_use < IDLE_SECONDS:
            return
        if self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def end(self) -> None:
        """End the process, even while it computes."""
        self.interrupt()
        with self._lock:
            self._end()

    @contextmanager
    def _turn(self, limit: float | None) -> Iterator[None]:
        """Wait for the turn. A limit of answers also limits the wait, and how many may wait."""
        if limit is None:
            with self._lock:
                yield
            return
        if not self._waiting.acquire(blocking=False):
            raise ToileError(
                f"{MOST_WAITING} questions wait for an answer, which is the limit; try again soon"
            )
        try:
            if not self._lock.acquire(timeout=limit):
                raise ToileError(
                    f"an earlier question takes over {limit:g} seconds; try again soon"
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
        # The process ends when its input ends, so also when the server is killed.
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answer(process: "subprocess.Popen[bytes]", content: bytes, tell: Tell) -> Question | None:
    """The process's answer to `content`; `tell` gets its progress. None if the process ended."""
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
        pass  # The process was killed while it read or wrote.
    return None
