"""The command line, driven for real."""

from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.command_line import call, call_in
from toile.runs.tensors import save_arrays

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


@pytest.fixture(scope="session")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which two filters and a dense unit were killed by their biases."""
    place = tmp_path_factory.mktemp("killed")
    folder = place / "runs" / "killed"
    settings = ["--set=network.conv1.filters=4", "--set=training.census=true"]
    settings += ["--set=training.keep=epochs", "--no-page"]
    done = call_in(place, "train", "s1-lab", f"--out={folder}", *QUICKLY, *settings)
    assert done.code == 0, done.errors
    weights = load_file(folder / "last.safetensors")
    weights["conv1.bias"][[1, 2]] = -1e3
    weights["dense1.bias"][5] = -1e5
    save_arrays(folder / "last.safetensors", weights)
    return folder
