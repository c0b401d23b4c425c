"""The ledger: every look at a sealed test part, written before the look, never rewritten.

`ledger.jsonl` in the folder the runs lie in, a line for each look and a line for the score that
came of it. A look has an id, so that one written down in several places is counted once.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.files import writing
from toile.runs.layout import (
    LEDGER,
    ledger_folders,
    name_in_ledger,
    nested_ledgers,
    outermost,
    runs_folder,
)
from toile.runs.ledger_file import (
    EARLIEST,
    Look,
    LookRequest,
    append_lines,
    complete_size,
    read_looks,
)
from toile.runs.look_score import LookScore
from toile.runs.remarks import had_name
from toile.runs.run import Run
from toile.runs.state import TIME, now, read_state


def read_ledger(folder: str | Path | None = None) -> tuple[Look, ...]:
    """All looks of the workspace `folder` (default: where runs are kept), first to last.

    Those in ledgers inside its studies, searches and sheets too. Raises CorruptFile where a line is
    damaged.

        >>> evaluated = toile.evaluate(run, open_test=True, why="for the report")
        >>> toile.read_ledger()[-1].why
        'for the report'
    """
    return _merged(_ledgers_in(Path(folder or runs_folder())))


def looks_of(run: Run) -> tuple[Look, ...]:
    """All looks that `run` is to be judged by: those of the workspace here, and those beside it."""
    workspace, *elsewhere = ledger_folders(run.folder)
    ledgers = _ledgers_in(workspace)
    if elsewhere:
        # Of what lies beside it nothing is entered: the folder may be anyone's.
        ledgers += [elsewhere[0] / LEDGER, *_ledgers_in(outermost(run.folder))]
    return _merged(ledgers)


def is_of(look: Look, run: Run) -> bool:
    """Whether `look` was at this very `run`, not at one of the same id in another study."""
    if look.time < _begun(run):
        return False  # at another, which had this name before
    if look.run == name_in_ledger(run.folder) or had_name(run.folder, look.run, look.time):
        return True
    # Looks were once called by the run's id wherever it lay.
    return look.run == run.id and look.recipe == run.recipe.hash


def _begun(run: Run) -> datetime:
    """When the run was made; the earliest time there is where that is not known."""
    try:
        return datetime.strptime(read_state(run.folder).created, TIME)
    except (ToileError, ValueError):
        return EARLIEST


def write_look(folders: Sequence[Path], request: LookRequest, why: str) -> Look:
    """Add a look to the ledgers in `folders`; on disk when this returns, whatever follows.

    Raises ToileError, and adds it to none, where one of them is damaged or cannot be written.
    """
    with _held(folders) as ledgers:
        # Those before this one count, so a ledger that cannot be read is not written on.
        positions = [len(read_looks(ledger)) + 1 for ledger in ledgers]
        look = Look(
            number=positions[0], when=now(), why=why, id=secrets.token_hex(16), **vars(request)
        )
        for ledger, number in zip(ledgers, positions, strict=True):
            append_lines(ledger, [{"kind": "look", **replace(look, number=number).to_json()}])
    return look


def resume_look(folders: Sequence[Path], request: LookRequest) -> Look | None:
    """The look of these very networks that has no score, in all ledgers in `folders` now, if any.

    It was cut short before anybody saw its score, so asking again goes on with it.
    """
    with _held(folders) as ledgers:
        for look in reversed(_merged(ledgers)):
            if look.request == request and look.score is None:
                _write_where_missing(look, ledgers)
                return look
    return None


def _write_where_missing(look: Look, ledgers: Sequence[Path]) -> None:
    """A kill may have come between two ledgers."""
    for ledger in ledgers:
        known = read_looks(ledger)
        if all(entry.id != look.id for entry in known):
            numbered = replace(look, number=len(known) + 1)
            append_lines(ledger, [{"kind": "look", **numbered.to_json()}])


def write_score(folders: Sequence[Path], look: Look, score: LookScore) -> Look:
    """Write the score of `look` into every ledger that has the look without a score."""
    with _held(folders) as ledgers:
        for ledger in ledgers:
            if any(entry.id == look.id and entry.score is None for entry in read_looks(ledger)):
                record = {"kind": "score", "look": look.id, "score": score.to_json()}
                append_lines(ledger, [record])
    return replace(look, score=score)


@contextmanager
def looks_added(folder: Path, looks: Sequence[Look]) -> Iterator[None]:
    """Add looks that happened elsewhere to the ledger in `folder`, but for those it has.

    They are taken out again where the work inside fails. Who calls holds the folder.
    """
    path = folder / LEDGER
    known = {look.id for look in _merged(_ledgers_in(folder))}
    size, number = complete_size(path), len(read_looks(path))
    new = [look for look in _each_once(looks) if look.id not in known]
    if new:
        numbered = (replace(look, number=number + n) for n, look in enumerate(new, start=1))
        append_lines(path, [{"kind": "look", **look.to_json()} for look in numbered])
    try:
        yield
    except BaseException:
        if new:
            with writing(path):
                os.truncate(path, size)
        raise


def keep_inner_looks(folder: Path) -> None:
    """Write looks that ledgers inside `folder` alone hold into the one beside it.

    For a study, search or sheet that is about to be deleted: older versions kept a ledger in each.
    """
    inner = read_ledger(folder)
    if not inner:
        return
    with _held([folder.resolve().parent]) as (ledger,):
        known = read_looks(ledger)
        ids = {look.id for look in known}
        new = [look for look in inner if look.id not in ids]
        numbered = (replace(look, number=n) for n, look in enumerate(new, start=len(known) + 1))
        if new:
            append_lines(ledger, [{"kind": "look", **look.to_json()} for look in numbered])


def refuse_odd_looks(looks: Iterable[Look], test: str) -> None:
    """Raise ToileError for a look that no ledger would hold, or that is not at the part `test`."""
    for look in looks:
        if look.time == EARLIEST:
            raise ToileError(f"a look's time is {look.when!r:.40}; it is written {now()}")
        if look.test != test:
            raise ToileError(f"a look is at the test part {look.test!r:.20}, not at the run's")
        if look.networks < 1:
            raise ToileError(f"a look is of {look.networks} networks")


def _ledgers_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [folder / LEDGER, *nested_ledgers(folder)]


def _merged(ledgers: Iterable[Path]) -> tuple[Look, ...]:
    """The looks of several ledgers by time, each once."""
    looks = [look for ledger in ledgers for look in read_looks(ledger)]
    ordered = sorted(_each_once(looks), key=lambda look: look.time)
    return tuple(replace(look, number=number) for number, look in enumerate(ordered, start=1))


def _each_once(looks: Iterable[Look]) -> list[Look]:
    by_id: dict[str, Look] = {}
    for look in looks:
        known = by_id.get(look.id)
        # A kill may have left the score out of one of two ledgers.
        if known is None or (known.score is None and look.score is not None):
            by_id[look.id] = look
    return list(by_id.values())


@contextmanager
def _held(folders: Sequence[Path]) -> Iterator[list[Path]]:
    """The ledgers in `folders`, locked against other writers."""
    with ExitStack() as held:
        for folder in folders:
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
        # In one order for everybody: else two looks at once would wait for each other for ever.
        for folder in sorted({folder.resolve() for folder in folders}):
            held.enter_context(file_lock(folder))
        yield [folder / LEDGER for folder in folders]
