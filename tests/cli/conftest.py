"""The command line, driven for real."""

from pathlib import Path

import pytest

from tests.command_line import call, call_in

QUICKLY = [
    "--data=fashion-sample",
    "--set=network.conv1.filters=2",
    "--set=training.epochs=1",
    "--set=training.batch_size=256",
    "--set=training.threads=1",
]


@pytest.fixture
def quickly() -> list[str]:
    """What makes a training of s1-lab take a second."""
    return QUICKLY


@pytest.fixture
def toile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run `toile` with some words in `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run, made by the command line."""
    place = tmp_path_factory.mktemp("trained")
    folder = place / "runs" / "run"
    done = call_in(place, "train", "s1-lab", f"--out={folder}", *QUICKLY)
    assert done.code == 0, done.errors
    return folder


@pytest.fixture
def among_runs(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`trained`, where `toile` looks for runs."""
    monkeypatch.setenv("TOILE_RUNS", str(trained.parent))
    return trained
