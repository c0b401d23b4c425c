"""The process that answers pictures: it has torch, so the server needs none.

It is started when a picture is asked about first, and ended when nobody has asked for a while.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from toile.errors import ToileError

IDLE_SECONDS = 120.0
# Loading torch and a first network took 4 s on two busy cores.
ANSWER_SECONDS = 60.0


class Answering:
    """Asks a process of its own about pictures, one at a time; a lost one is started anew.

    The process is `python -m toile.app.answering_process`; it reads a line of JSON and then as many
    bytes as that says, and answers with a line of JSON.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_use = 0.0

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask(self, question: dict[str, Any], picture: bytes) -> dict[str, Any]:
        """What it answers. Raises ToileError with its own sentence where it refuses."""
        with self._lock:
            process = self._started()
            self._last_use = time.monotonic()
            line = json.dumps(question | {"num_bytes": len(picture)}).encode() + b"\n"
            assert process.stdin is not None
            assert process.stdout is not None
            timer = threading.Timer(ANSWER_SECONDS, process.kill)
            timer.start()
            try:
                process.stdin.write(line + picture)
                process.stdin.flush()
                reply = process.stdout.readline()
            except BrokenPipeError:
                reply = b""
            finally:
                timer.cancel()
                self._last_use = time.monotonic()
            if not reply:
                self._end()
                raise ToileError(
                    "the process that answers pictures has ended, perhaps for want of memory; "
                    "send the picture again"
                )
        answer: dict[str, Any] = json.loads(reply)
        if "error" in answer:
            raise ToileError(answer["error"])
        return answer

    def end_if_idle(self) -> None:
        """End the process where nobody has asked for a while."""
        if self._process is None or time.monotonic() - self._last_use < IDLE_SECONDS:
            return
        with self._lock:
            self._end()

    def end(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toile.app.answering_process"],
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
