"""The ledger: every look at a sealed test part, written before the look, never rewritten.

`ledger.jsonl` in the folder the runs lie in, a line for each look and a line for the score that
came of it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from toile.errors import ToileError
from toile.files import finite, sync_folder, writing
from toile.runs.run import Run, runs_folder
from toile.runs.state import now
from toile.runs.tensors import CorruptFile
from toile.sole_use import sole_use

VERSION = 1


@dataclass(frozen=True)
class Look:
    """One look: `networks` networks met the test part whose fingerprint is `test`.

    `number` counts the looks of the whole ledger from 1; `recipe` is the recipe's hash, `data` the
    whole dataset's fingerprint and `source` where it was read from: the same source read otherwise,
    as in another size, is another test part of the same pictures. `score` is what came of it; None
    while it is not known.
    """

    number: int
    when: str
    run: str
    weights: str
    recipe: str
    data: str
    test: str
    why: str
    source: str = ""
    networks: int = 1
    score: dict[str, Any] | None = None
    version: int = VERSION


_LOOK = TypeAdapter(Look)


def read_ledger(folder: Path | None = None) -> tuple[Look, ...]:
    """All looks, first to last. Raises CorruptFile where a line is damaged."""
    return _read((folder or runs_folder()) / "ledger.jsonl")


def ledger_folder(run: Run) -> Path:
    """Where the looks of `run` are written: beside it, and of a study's reading beside the study.

    A ledger inside every study would hide its looks from all other runs.
    """
    beside = run.folder.resolve().parent
    is_reading = beside.name == "readings" and (beside.parent / "study.yaml").exists()
    return beside.parent.parent if is_reading else beside


def looks_of(run: Run) -> tuple[Look, ...]:
    """All looks that the ledger beside `run` knows of, and the one where runs are kept here."""
    beside, here = ledger_folder(run), runs_folder().resolve()
    return read_ledger(beside) + (() if here == beside else read_ledger(here))


def write_look(
    folder: Path,
    run: str,
    weights: str,
    recipe: str,
    data: str,
    test: str,
    source: str,
    why: str,
    networks: int = 1,
) -> Look:
    """Add a look to the ledger in `folder`; on disk when this returns, whatever follows."""
    path = folder / "ledger.jsonl"
    with sole_use(folder):
        number = len(_read(path)) + 1
        look = Look(number, now(), run, weights, recipe, data, test, why, source, networks)
        _append(path, {"kind": "look", **asdict(look)})
    return look


def add_looks(folder: Path, looks: Sequence[Look]) -> None:
    """Add looks that happened elsewhere to the ledger in `folder`, but for those it has."""
    path = folder / "ledger.jsonl"
    with sole_use(folder):
        known = list(_read(path))
        for look in looks:
            if all(_event(look) != _event(one) for one in known):
                known.append(replace(look, number=len(known) + 1))
                _append(path, {"kind": "look", **asdict(known[-1])})


def _event(look: Look) -> tuple[str, ...]:
    """What two ledgers have in common of one look."""
    return look.when, look.run, look.weights, look.test, look.why


def write_score(folder: Path, look: Look, score: Mapping[str, Any]) -> Look:
    """Add what came of `look`."""
    with sole_use(folder):
        _append(
            folder / "ledger.jsonl", {"kind": "score", "look": look.number, "score": dict(score)}
        )
    return replace(look, score=dict(score))


def _read(path: Path) -> tuple[Look, ...]:
    looks: list[Look] = []
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    try:
        # What follows the last line's end is a line that a kill cut short: its look never began.
        for line in content.split(b"\n")[:-1]:
            record = json.loads(line)
            if record.pop("kind") == "look":
                looks.append(_LOOK.validate_python(record))
            else:
                place = record["look"] - 1
                looks[place] = replace(looks[place], score=record["score"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
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
        # The first line makes the file, whose name is on disk only with its folder.
        sync_folder(path.parent)
