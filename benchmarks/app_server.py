"""`toile app` in a process of its own, the system's Chromium, and a line of the table."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

TOILE = [sys.executable, "-m", "toile"]
SWITCHES = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Server:
    """`toile app` of a workspace, until the block ends."""

    def __init__(self, workspace: Path) -> None:
        self.started = time.perf_counter()
        words = [*TOILE, "app", str(workspace), "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        self.address = self.process.stdout.readline().strip()
        self.url, self.token = self.address.split("#token=")
        headers = {"X-Toile-Token": self.token}
        self.client = httpx.Client(base_url=f"{self.url}api/", headers=headers, timeout=600)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def ask(self, method: str, path: str, **words: Any) -> Any:
        answer = self.client.request(method, path, **words)
        answer.raise_for_status()
        return answer.json()

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def chromium_path() -> str:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        raise SystemExit("no Chromium is on PATH; install the system's")
    return chromium


def launched(started: Any) -> Any:
    """Chromium as playwright starts it."""
    return started.chromium.launch(executable_path=chromium_path(), args=SWITCHES)


def opened(browser: Any, server: Server) -> Any:
    page = browser.new_page()
    page.goto(server.address)
    page.get_by_text("Workspace", exact=True).wait_for(state="attached")
    return page


def say(name: str, values: list[float], most: float | None) -> None:
    middle = statistics.median(values)
    spread = f" ({min(values):.3g} to {max(values):.3g})" if len(values) > 1 else ""
    held = "- | -" if most is None else f"{most:g} | {'yes' if middle <= most else 'no'}"
    print(f"| {name} | {middle:.3g}{spread} | {held} |")
