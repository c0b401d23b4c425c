"""`toile` called in this process, which is quicker than one of its own for every command."""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from toile.cli import main


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


def call(*words: object) -> Answer:
    """Run `toile` with some words, as a shell does but for what this process has loaded."""
    output, errors = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["toile", *map(str, words)])
        patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        patched.setattr(sys, "stdout", output)
        patched.setattr(sys, "stderr", errors)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    said = (stream.buffer.getvalue().decode() for stream in (output, errors))
    return Answer(code, *said)


def call_in(folder: Path, *words: object) -> Answer:
    """Run `toile` with some words in `folder`, where its runs are kept in `runs`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("TOILE_RUNS", str(folder / "runs"))
        return call(*words)
