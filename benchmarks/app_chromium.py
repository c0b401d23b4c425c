"""The system's Chromium with real tabs: of one window one is visible, and the others are hidden.

Playwright has every page believe that it is seen, so this speaks the DevTools protocol itself, over
the two file descriptors of `--remote-debugging-pipe`.
"""

import itertools
import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from app_server import SWITCHES, chromium_path

LIMIT_SECONDS = 60.0


class Chromium:
    """A browser without a screen, until the block ends."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(LIMIT_SECONDS)
        self._numbers, self._unread = itertools.count(1), b""
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        number = theirs.fileno()
        # Chromium reads what it is asked from descriptor 3 and answers on 4.
        pipes = ["bash", "-c", f'exec "$@" 3<&{number} 4>&{number}', "bash"]
        words = [
            chromium_path(), *SWITCHES, "--remote-debugging-pipe", "--window-size=1280,900",
            f"--user-data-dir={self._profile.name}", "about:blank",
        ]  # fmt: skip
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            [*pipes, *words], pass_fds=[number], stdin=quiet, stdout=quiet, stderr=quiet
        )
        theirs.close()

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_: object) -> None:
        self.send("Browser.close")
        self._process.wait(LIMIT_SECONDS)
        self._socket.close()
        self._profile.cleanup()

    def send(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """What the browser, or the tab of `session`, answers to a method of the protocol."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._socket.sendall(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            pass  # An event, of which none is waited for.
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            part = self._socket.recv(1 << 16)
            if not part:
                raise ConnectionError("Chromium ended")
            self._unread += part
        message, _, self._unread = self._unread.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def open_tab(
        self, address: str, has_window: bool = False, in_background: bool = False
    ) -> "Tab":
        """A tab in front of those of the same window or behind them, or in a window of its own."""
        words: dict[str, Any] = {"newWindow": has_window, "background": in_background}
        target = self.send("Target.createTarget", url=address, **words)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, target, session)

    @property
    def cpu_seconds(self) -> float:
        """Of all its processes that run now."""
        parents, ticks = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            process = int(path.parent.name)
            parents[process], ticks[process] = int(fields[1]), int(fields[11]) + int(fields[12])
        family = {self._process.pid}
        while more := {child for child, parent in parents.items() if parent in family} - family:
            family |= more
        total = sum(ticks.get(process, 0) for process in family)
        return total / os.sysconf("SC_CLK_TCK")


class Tab:
    """One page of the browser."""

    def __init__(self, chromium: Chromium, target: str, session: str) -> None:
        self._chromium, self._target, self._session = chromium, target, session

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript; a promise is waited for."""
        answer = self._chromium.send(
            "Runtime.evaluate",
            self._session,
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['text']}")
        return answer["result"].get("value")

    def wait_until(self, condition: str) -> None:
        """Wait until an expression is true; a limit, not a measure."""
        end = time.monotonic() + LIMIT_SECONDS
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"it never came to be so: {condition}"
            time.sleep(0.05)

    @property
    def window(self) -> int:
        """The number of the window that it is in."""
        window: int = self._chromium.send("Browser.getWindowForTarget", targetId=self._target)[
            "windowId"
        ]
        return window

    def show(self) -> None:
        """Put it in front of its window's other tabs."""
        self._chromium.send("Target.activateTarget", targetId=self._target)

    def close(self) -> None:
        self._chromium.send("Target.closeTarget", targetId=self._target)
