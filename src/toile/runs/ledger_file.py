"""A ledger's file: a line for each look and a line for the score that came of it."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator, TypeAdapter

from toile.errors import ToileError
from toile.files import finite, sync_folder, write_all, writing
from toile.migrations import read_form, version_of
from toile.runs.corrupt_file import CorruptFile
from toile.runs.look_score import LookScore, look_score_in
from toile.runs.state import TIME

VERSION = version_of("ledger.jsonl")
Event = tuple[str, ...]
EARLIEST = datetime.min.replace(tzinfo=UTC)


def well_formed(text: Any) -> Any:
    """`text` without halves of characters, which come of odd bytes and which no output takes."""
    return text.encode(errors="replace").decode() if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(well_formed)]
Score = Annotated[LookScore, PlainValidator(look_score_in)]


@dataclass(frozen=True)
class LookRequest:
    """Which networks are to meet which test part; two that are equal are one look.

    `run` is what the networks are called in the ledger, `weights` which of theirs answer, `recipe`
    the hash of their recipe, `networks` how many they are. `data` is the fingerprint of the whole
    dataset, `test` that of its test part; `source`, where it is read from, tells no looks apart.
    """

    run: str
    weights: str
    recipe: str
    data: str
    test: str
    source: str = field(compare=False)
    networks: int = 1


@dataclass(frozen=True)
class Look:
    """One look: `networks` networks met the test part whose fingerprint is `test`.

    `number` is its place among the looks it was read with, from 1; `recipe` is the recipe's hash,
    `data` the whole dataset's fingerprint and `source` where it was read from: the same source read
    otherwise, as in another size, is another test part of the same pictures. `score` is what came
    of it; None while it is not known. `id` tells it from all other looks, wherever it is kept.
    """

    number: int
    when: Text
    run: Text
    weights: Text
    recipe: Text
    data: Text
    test: Text
    why: Text
    source: Text = ""
    networks: int = 1
    score: Score | None = None
    version: int = VERSION
    id: Text = ""

    @property
    def time(self) -> datetime:
        """When it happened; the earliest there is where `when` is no time."""
        try:
            return datetime.strptime(self.when, TIME)
        except ValueError:
            return EARLIEST

    @property
    def request(self) -> LookRequest:
        """What it was a look of."""
        return LookRequest(
            self.run, self.weights, self.recipe, self.data, self.test, self.source, self.networks
        )

    def to_json(self) -> dict[str, Any]:
        """All fields, as files and `--json` have them."""
        return vars(self) | {"score": self.score and self.score.to_json()}


_LOOK = TypeAdapter(Look)


def read_looks(path: Path) -> tuple[Look, ...]:
    """The looks of one file, first to last, each with an id. Raises CorruptFile where damaged."""
    looks: dict[str, Look] = {}
    numbered: dict[int, str] = {}
    same: Counter[Event] = Counter()
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    try:
        # What follows the last line's end is a line that a kill cut short: its look never began.
        for line in content.split(b"\n")[:-1]:
            record = read_form(json.loads(line), "ledger.jsonl", path)
            if record.pop("kind") == "look":
                score = known_score(record.pop("score", None))
                look = _identified(_LOOK.validate_python(record), same)
                looks[look.id] = replace(look, score=score)
                numbered[len(numbered) + 1] = look.id
            else:
                # Before looks had an id, their number told whose the score is.
                owner = record["look"]
                key = numbered[owner] if isinstance(owner, int) else owner
                looks[key] = replace(looks[key], score=known_score(record["score"]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptFile(
            f"{path} is damaged ({error!r:.80}); it counts the looks at test data, so nothing is "
            "added to it; bring back a whole copy"
        ) from None
    return tuple(looks.values())


def identified(looks: Iterable[Look]) -> tuple[Look, ...]:
    """`looks` with an id each, in order."""
    same: Counter[Event] = Counter()
    return tuple(_identified(look, same) for look in looks)


def _identified(look: Look, same: Counter[Event]) -> Look:
    """`look`; without an id it gets one from what two ledgers share of it.

    `same` counts those that are alike in all of that: the second within a second is another look.
    """
    if look.id:
        return look
    event = look.when, look.run, look.weights, look.test, look.why
    same[event] += 1
    digest = hashlib.sha256(json.dumps([*event, same[event]]).encode()).hexdigest()
    return replace(look, id=digest[:32])


def known_score(record: Any) -> LookScore | None:
    """The score in `record`; None where it cannot be shown, as of an odd bundle of long ago."""
    try:
        return look_score_in(record)
    except ValueError:
        return None


def append_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Add lines, all of them or none."""
    lines = "".join(json.dumps(finite(record)) + "\n" for record in records)
    # Without a buffer, which would be written again when the file is closed.
    with writing(path), path.open("ab", buffering=0) as file:
        size = complete_size(path)
        try:
            file.truncate(size)
            write_all(file, lines.encode())
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
        # The first line makes the file, whose name is on disk only with its folder.
        sync_folder(path.parent)


def complete_size(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    return path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
