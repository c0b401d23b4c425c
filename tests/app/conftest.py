"""A workspace with two small runs, its API asked in this process, and servers of their own."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx
import pytest

from toile.app import Session, guarded
from toile.guard import Guard, host_headers
from toile.library import train

TOKEN = "t0k-en_of-43-letters-as-secrets-makes-them."
PORT = 8600
HOST = f"127.0.0.1:{PORT}"
SMALL = {"network.conv1.filters": 2, "training.batch_size": 64, "training.threads": 1}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, few_garments: Path) -> Path:
    """A workspace with two runs of one epoch, `first` and `second`."""
    folder = tmp_path_factory.mktemp("workspace")
    for seed, name in enumerate(("first", "second")):
        train("s1-lab", few_garments, epochs=1, seed=seed, settings=SMALL, out=folder / name)
    (folder / "first" / "report.html").write_text("<h1>The page of first</h1>")
    return folder


@pytest.fixture
def workspace(trained: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(trained, tmp_path / "workspace"))


@dataclass
class Client:
    """Asks the guarded app in this process."""

    session: Session
    loop: asyncio.Runner

    @cached_property
    def app(self) -> Guard:
        return guarded(self.session, TOKEN, host_headers(PORT))

    def __call__(self, method: str, path: str, **words) -> httpx.Response:
        headers = {"Host": HOST, "X-Toile-Token": TOKEN, **words.pop("headers", {})}
        return self.bare(method, path, headers=list(headers.items()), **words)

    def bare(self, method: str, path: str, headers: list, **words) -> httpx.Response:
        return self.loop.run(self.client.request(method, path, headers=headers, **words))

    @cached_property
    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://here")


@pytest.fixture
def ask(workspace: Path) -> Iterator[Client]:
    """The API of the workspace."""
    session = Session.of(workspace)
    with asyncio.Runner() as loop:
        yield Client(session, loop)
    session.end()


@dataclass
class Server:
    """`toile app` in a process of its own."""

    process: subprocess.Popen
    url: str
    token: str

    def ask(self, method: str, path: str, **words) -> httpx.Response:
        headers = {"X-Toile-Token": self.token}
        return self.client.request(method, f"{self.url}api/{path}", headers=headers, **words)

    @cached_property
    def client(self) -> httpx.Client:
        # Without certificates, of which there are none to check and hundreds to load.
        return httpx.Client(verify=False, timeout=60)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path], Server]]:
    """Start a server of a workspace; what is started is ended with the test."""
    started, clients = [], ExitStack()

    def begin(workspace: Path) -> Server:
        words = [
            sys.executable,
            "-m",
            "toile",
            "app",
            str(workspace),
            "--no-browser",
            "--port",
            "0",
        ]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(process)
        process.stdout.readline()
        url, token = re.fullmatch(r"(http\S+/)#token=(\S+)\n", process.stdout.readline()).groups()
        server = Server(process, url, token)
        clients.callback(server.client.close)
        until(lambda: answers(server))
        return server

    with clients:
        yield begin
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


@dataclass
class Startup:
    """What every Python that is begun by a test does first."""

    folder: Path

    def hold(self) -> Path:
        """A pipe that each of them reads to its end before it does anything else."""
        gate = self.folder / "gate"
        os.mkfifo(gate)
        (self.folder / "sitecustomize.py").write_text(f"open({str(gate)!r}).read()\n")
        return gate


@pytest.fixture
def startup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Startup:
    """To be asked for before a server is started, which passes it on."""
    folder = tmp_path / "startup"
    folder.mkdir()
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    return Startup(folder)


def answers(server: Server) -> bool:
    try:
        return server.ask("GET", "about").status_code == 200
    except httpx.TransportError:
        return False


def until(is_so: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until something is so; a limit, not a measure."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
