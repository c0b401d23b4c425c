"""Ctrl-C and SIGTERM end a command at once while data is read, at the next step in training."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from toile.cli.terminal import say

# 128 + 2, as shells report a program ended by SIGINT.
STOPPED = 130


class Signals:
    """Inside its block a signal ends the program with a sentence and exit code 130.

    While signals are deferred, the first only sets `stop_requested`; a second one raises
    KeyboardInterrupt. `goes_on` is the part of the sentence that says how to continue.
    """

    def __init__(self, goes_on: str = "a run that had begun is continued by toile resume") -> None:
        self.stop_requested = False
        self.goes_on = goes_on
        self._deferring = False

    def __enter__(self) -> "Signals":
        stop_signals = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._receive) for number in stop_signals}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the work inside continue to a step at which it can stop."""
        self._deferring = True
        try:
            yield
        except KeyboardInterrupt:
            self._leave()
        finally:
            self._deferring = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if not self._deferring:
            self._leave()
        if self.stop_requested:
            raise KeyboardInterrupt
        self.stop_requested = True

    def _leave(self) -> None:
        say(f"toile: stopped; {self.goes_on}", err=True)
        sys.exit(STOPPED)
