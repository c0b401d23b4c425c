"""The analyses of a study: each set of readings of which a verdict was asked, and what it may err.

Who adds readings until something shows finds something: with a look at 5 % after every five
readings, up to 40, two equal levels are told apart in 18 of 100 studies. So the first analysis
spends half of the 5 %, and each later one half of what is left; together they never spend more,
however many there are. What else was tried stands in docs/log.md.

A verdict is given only once its readings are kept in the folder. The same readings, with the same
margin, are the same analysis however often it is shown.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from toile.errors import ToileError
from toile.files import sync_folder
from toile.statistics import ALPHA, LOOKS, ROUNDING, Verdict, judge_readings

FILE = "analyses.jsonl"
Scores = Mapping[str, Sequence[float]]


def alpha_of(number: int) -> float:
    """What analysis `number`, from 1, may err: half of what those before it left."""
    # Above 0 also where a study was asked a thousand times.
    return max(ALPHA * 0.5**number, 1e-300)


def judge_study(folder: Path, scores: Scores, margin: float) -> Verdict:
    """The verdict on accuracies, an analysis that is kept in `folder` before it is given.

    Readings that allow no test, as of one level, are none. Raises ToileError where it cannot be
    kept.
    """
    if not _can_be_tested(scores):
        return judge_readings(scores, margin=margin, accuracies=True)
    number = keep_analysis(folder, scores, margin)
    return judge_readings(
        scores, margin=margin, alpha=alpha_of(number), accuracies=True, analysis=number
    )


def keep_analysis(folder: Path, scores: Scores, margin: float) -> int:
    """The number, from 1, of the analysis of these readings; new ones are added to the record."""
    if not folder.is_dir():
        # Numbers that lie nowhere have no earlier analyses either.
        return 1
    key, path = _key(scores, margin), folder / FILE
    earlier = _recorded_keys(path)
    missing = [] if earlier else list(_earlier_analyses(folder))
    if key not in earlier:
        if key not in [line["key"] for line in missing]:
            missing.append(_line(scores, margin, key))
        _append(path, missing)
    return _recorded_keys(path).index(key) + 1


def count_analyses(folder: Path) -> int:
    """How many analyses of the study in `folder` there were."""
    return len(_recorded_keys(folder / FILE)) or len(list(_earlier_analyses(folder)))


def _can_be_tested(scores: Scores) -> bool:
    several = [values for values in scores.values() if len(values) > 1]
    return len(several) > 1 and any(np.ptp(values) >= ROUNDING for values in several)


def _key(scores: Scores, margin: float) -> str:
    text = json.dumps([sorted((name, list(values)) for name, values in scores.items()), margin])
    return hashlib.sha256(text.encode()).hexdigest()


def _line(scores: Scores, margin: float, key: str) -> dict[str, Any]:
    return {
        "key": key,
        "when": datetime.now().astimezone().isoformat(timespec="seconds"),
        "margin": margin,
        "readings": {name: len(values) for name, values in scores.items()},
    }


def _recorded_keys(path: Path) -> list[str]:
    """The keys of all analyses, each once. What cannot be read counts as one: it may have been."""
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    keys = []
    for index, line in enumerate(lines):
        try:
            key = str(json.loads(line)["key"])
        except (ValueError, LookupError, TypeError, RecursionError):
            key = f"damaged {index}"
        keys.append(key or f"unknown {index}")
    return list(dict.fromkeys(keys))


def _append(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """On disk when this returns. In one piece, for two processes may ask at once."""
    try:
        with path.open("ab") as file:
            begin = b"\n" if path.stat().st_size and not path.read_bytes().endswith(b"\n") else b""
            file.write(begin + b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise ToileError(
            f"{path} cannot be written: {error.strerror}. A verdict is given once it is kept, so "
            "that later ones can pay for it; make the folder writable, or copy it elsewhere"
        ) from error


def _earlier_analyses(folder: Path) -> Iterator[dict[str, Any]]:
    """What is known of the analyses of a study from before they were kept.

    Its last verdict, and of one with looks those that came before.
    """
    try:
        verdict = json.loads((folder / "verdict.json").read_bytes())
        if all(pair["p"] is None for pair in verdict["pairs"]):
            return
        scores: dict[str, list[float]] = {}
        for reading in verdict["readings"]:
            if reading["score"] is not None:
                scores.setdefault(reading["level"], []).append(reading["score"])
        margin, looked = float(verdict["margin"]), verdict["alpha"] < ALPHA
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return
    most = max(map(len, scores.values()), default=0)
    for _ in range(sum(look < most for look in LOOKS) if looked else 0):
        yield {"key": ""}
    yield _line(scores, margin, _key(scores, margin))
