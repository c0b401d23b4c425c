"""Readings trained by processes of this machine, which live on from one reading to the next.

A process takes tasks as lines of JSON and answers in lines of JSON. When its input ends, whether by
`__exit__` or because this process was killed, it stops with a checkpoint and leaves.
"""

import json
import queue
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import IO

from toile.executors.executor import Task, TaskEvent


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    listener: threading.Thread = field(default_factory=threading.Thread)
    task: Task | None = None
    parting: TaskEvent | None = None


class Processes:
    """At most `slots` processes of `command`, started when there is something to do.

    They hold the file descriptors `pass_fds` as long as they live.
    """

    def __init__(self, command: Sequence[str], slots: int, pass_fds: Sequence[int] = ()) -> None:
        self.slots = slots
        self._command, self._pass_fds = list(command), tuple(pass_fds)
        self._waiting: deque[Task] = deque()
        self._workers: list[_Worker] = []
        # None is the end of a worker's answers: it has died or left.
        self._heard: queue.SimpleQueue[tuple[_Worker, TaskEvent | None]] = queue.SimpleQueue()

    def submit(self, task: Task) -> None:
        """Train `task` as soon as a process is free."""
        self._waiting.append(task)
        self._hand_out()

    def events(self, seconds: float) -> list[TaskEvent]:
        """What has happened since the last call; waits at most so long for the first."""
        events: list[TaskEvent] = []
        with suppress(queue.Empty):
            events += self._receive(*self._heard.get(timeout=seconds))
            while True:
                events += self._receive(*self._heard.get_nowait())
        self._hand_out()
        return events

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *error: object) -> None:
        self._waiting.clear()
        for worker in self._workers:
            _end_input(worker)
        for worker in self._workers:
            worker.process.wait()
            worker.listener.join()
            worker.errors.close()

    def _hand_out(self) -> None:
        while self._waiting:
            worker = next((worker for worker in self._workers if worker.task is None), None)
            if worker is None and len(self._workers) == self.slots:
                return
            worker = worker or self._start()
            worker.task = self._waiting.popleft()
            line = {key: str(value) for key, value in asdict(worker.task).items()}
            # One that has died cannot read; the end of its answers will tell.
            with suppress(BrokenPipeError):
                _input_of(worker).write((json.dumps(line) + "\n").encode())
                _input_of(worker).flush()

    def _start(self) -> _Worker:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the worker
        with _signals_blocked():
            process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=self._pass_fds,
            )
        worker = _Worker(process, errors)
        worker.listener = threading.Thread(target=self._listen, args=[worker], daemon=True)
        worker.listener.start()
        self._workers.append(worker)
        return worker

    def _listen(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        with worker.process.stdout as lines:
            for line in lines:
                self._heard.put((worker, TaskEvent(**json.loads(line))))
        self._heard.put((worker, None))

    def _receive(self, worker: _Worker, answer: TaskEvent | None) -> Iterator[TaskEvent]:
        if answer is None:
            self._workers.remove(worker)
            code = worker.process.wait()
            _end_input(worker)
            if worker.task is not None:
                lost = TaskEvent(worker.task.key, "lost", reason=_end_of(code, worker.errors))
                yield worker.parting or lost
            worker.errors.close()
        elif answer.kind == "no room":
            # It is ending; only after that is its run free for another process to go on with.
            worker.parting = answer
        else:
            if answer.kind not in ("started", "advanced"):
                worker.task = None
            yield answer


def _input_of(worker: _Worker) -> IO[bytes]:
    assert worker.process.stdin is not None
    return worker.process.stdin


def _end_input(worker: _Worker) -> None:
    # What was still to be sent to a process that has died is dropped.
    with suppress(BrokenPipeError):
        _input_of(worker).close()


def _end_of(code: int, errors: IO[bytes]) -> str:
    """How a process ended that should not have: its exit code, and the end of its error stream."""
    if code < 0:
        by = signal.Signals(-code).name
        hint = ", as the system does where memory runs out" if by == "SIGKILL" else ""
        return f"its process was ended by {by}{hint}"
    errors.seek(0)
    lines = errors.read().decode(errors="replace").split("\n")
    # Of a traceback the last line says what went wrong.
    return next(
        (line for line in reversed(lines) if line.strip()), f"its process ended with {code}"
    )


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C, which a terminal sends to all: we stop them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
