"""`toile` called in this process, which is quicker than one of its own for every command."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
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


IN_TURN = """
import json, sys
from toile.cli import main
ends = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["toile", *words]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    ends.append([code, "torch" in sys.modules])
print(json.dumps(ends))
"""


def ends_and_torch(commands: Sequence[Sequence[str]], folder: Path) -> list[tuple[int, bool]]:
    """Of each command its exit code and whether torch was imported by then, all in one process."""
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN, json.dumps(commands)],
        capture_output=True, text=True, cwd=folder, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(code, torch) for code, torch in json.loads(done.stdout.splitlines()[-1])]
