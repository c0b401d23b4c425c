"""A tiny run, trained once, and the service of it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from toile.data import no_progress
from toile.library import train
from toile.runs import Run
from toile.service import Model, create_app, open_model


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One epoch of a small s1-lab."""
    small = {"network.conv1.filters": 2, "training.batch_size": 256, "training.threads": 1}
    out = tmp_path_factory.mktemp("served") / "run"
    return train("s1-lab", data="fashion-sample", epochs=1, settings=small, out=out)


@pytest.fixture(scope="session")
def model(run: Run) -> Model:
    """The run's network, exported and opened."""
    return open_model(str(run.folder), None, no_progress)


@pytest.fixture(scope="session")
def exported(run: Run, model: Model) -> Path:
    """The file that the run's network is served from."""
    return run.folder / "serve-last.onnx"


@pytest.fixture(scope="session")
def ask(model: Model) -> Iterator[Callable[..., httpx.Response]]:
    """Ask the service, without the guard; a fault of its own is raised here."""
    transport = httpx.ASGITransport(create_app(model))
    client = httpx.AsyncClient(transport=transport, base_url="http://here")

    with asyncio.Runner() as loop:
        yield lambda method, path, **words: loop.run(client.request(method, path, **words))
