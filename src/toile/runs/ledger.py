"""The ledger: every look at a sealed test part, written before the look, never rewritten.

`ledger.jsonl` in the runs folder, a line for each look and a line for the score that came of it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toile.files import finite, writing
from toile.runs.run import runs_folder
from toile.runs.state import now
from toile.runs.tensors import CorruptFile
from toile.sole_use import sole_use

VERSION = 1


@dataclass(frozen=True)
class Look:
    """One look: `networks` networks met the test part whose fingerprint is `test`.

    `number` counts the looks of the whole ledger from 1; `recipe` is the recipe's hash, `data` the
    whole dataset's fingerprint. `score` is what came of it; None while it is not known.
    """

    number: int
    when: str
    run: str
    weights: str
    recipe: str
    data: str
    test: str
    why: str
    networks: int = 1
    score: dict[str, Any] | None = None
    version: int = VERSION


_LOOK = TypeAdapter(Look)


def read_ledger(folder: Path | None = None) -> tuple[Look, ...]:
    """All looks, first to last. Raises CorruptFile where a line is damaged."""
    return _read(_path(folder))


def looks_at(test: str, folder: Path | None = None) -> tuple[Look, ...]:
    """The looks at the test part with this fingerprint."""
    return tuple(look for look in read_ledger(folder) if look.test == test)


def write_look(
    run: str, weights: str, recipe: str, data: str, test: str, why: str, folder: Path | None = None
) -> Look:
    """Add a look; it is on disk when this returns, and counts whether or not a score follows."""
    path = _path(folder)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with sole_use(path.parent):
        number = len(_read(path)) + 1
        look = Look(number, now(), run, weights, recipe, data, test, why)
        _append(path, {"kind": "look", **asdict(look)})
    return look


def write_score(look: Look, score: Mapping[str, Any], folder: Path | None = None) -> Look:
    """Add what came of `look`."""
    path = _path(folder)
    with sole_use(path.parent):
        _append(path, {"kind": "score", "look": look.number, "score": dict(score)})
    return replace(look, score=dict(score))


def _path(folder: Path | None) -> Path:
    return (folder or runs_folder()) / "ledger.jsonl"


def _read(path: Path) -> tuple[Look, ...]:
    looks: list[Look] = []
    try:
        # What follows the last line's end is a line that a kill cut short: its look never began.
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        for line in lines:
            record = json.loads(line)
            if record.pop("kind") == "look":
                looks.append(_LOOK.validate_python(record))
            else:
                place = record["look"] - 1
                looks[place] = replace(looks[place], score=record["score"])
    except (ValueError, ValidationError, LookupError, TypeError, AttributeError) as error:
        raise CorruptFile(
            f"{path} is damaged ({error!r:.80}); it counts the looks at test data, so nothing is "
            "added to it; bring back a whole copy"
        ) from None
    return tuple(looks)


def _append(path: Path, record: dict[str, Any]) -> None:
    with writing(path), path.open("ab") as file:
        whole = path.read_bytes().rfind(b"\n") + 1
        file.truncate(whole)
        file.write((json.dumps(finite(record)) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())
