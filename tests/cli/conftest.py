"""The command line, driven for real: in this process for speed, or in one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

QUICKLY = [
    "--data=fashion-sample",
    "--set=network.conv1.filters=2",
    "--set=training.epochs=1",
    "--set=training.batch_size=256",
    "--set=training.threads=1",
]


@dataclass
class Answer:
    """What a command said and how it ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> dict:
        """The object on the last line."""
        return json.loads(self.output.splitlines()[-1])


@pytest.fixture
def quickly() -> list[str]:
    """What makes a training of s1-lab take a second."""
    return QUICKLY


@pytest.fixture
def toile(tmp_path: Path):
    """Run `toile` with some words in a process of its own, in `tmp_path`."""

    def run(*words: object) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "toile.cli", *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run, made by the command line."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    done = subprocess.run(
        [sys.executable, "-m", "toile.cli", "train", "s1-lab", f"--out={folder}", *QUICKLY],
        capture_output=True,
        text=True,
        env={**os.environ, "TOILE_RUNS": str(folder.parent)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def among_runs(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`trained`, where `toile` looks for runs."""
    monkeypatch.setenv("TOILE_RUNS", str(trained.parent))
    return trained
