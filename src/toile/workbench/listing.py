"""Studies, searches and sheets for listings.

The status of what has ended is read from two small files; for the rest the readings are read.
"""

from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.file_lock import is_held
from toile.runs import FINALISTS, Entry, RunsFolder
from toile.searches import SUMMARY, SummaryRecord, open_search, search_summary
from toile.sheets import SheetRecord, exercise_command
from toile.studies import (
    StudyRecord,
    VerdictRecord,
    open_study,
    read_record,
    study_sentence,
)

COUNTED = {"study": "readings", "search": "trials", "sheet": "exercises"}
AT_REST = ("finished", "stopped")


@dataclass(frozen=True)
class CollectionStatus:
    """The status of a study, search or sheet: `done` of `planned` readings, trials or exercises.

    `state` is `finished`, `going on`, `stopped` (something is missing), `to answer` (only
    open questions of a sheet are left) or `damaged`. `sentence` is the result, the title of a sheet
    with how to answer what is left, or what is wrong with a damaged one.
    """

    entry: Entry
    state: str
    done: int
    planned: int
    sentence: str


def list_studies() -> list[CollectionStatus]:
    """The studies, searches and sheets where runs are kept, newest first."""
    return [_status(entry) for entry in RunsFolder().entries(*COUNTED)]


def _status(entry: Entry) -> CollectionStatus:
    tell = {"study": _study, "search": _search, "sheet": _sheet}[entry.kind]
    try:
        rest, done, planned, sentence = tell(entry.folder)
    except ToileError as error:
        return CollectionStatus(entry, "damaged", 0, 0, str(error))
    except KeyError as missing:
        return CollectionStatus(entry, "damaged", 0, 0, f"its files have no {missing}")
    state = "going on" if rest != "finished" and _is_held(entry.folder) else rest
    return CollectionStatus(entry, state, done, planned, sentence)


def _study(folder: Path) -> tuple[str, int, int, str]:
    """Its state at rest, how many readings finished, how many are planned, and the sentence."""
    record = read_record(folder / "study.json", StudyRecord)
    verdict = read_record(folder / "verdict.json", VerdictRecord)
    if record.get("status") in AT_REST and verdict:
        return record["status"], record["finished"], record["readings"], verdict["sentence"]
    # It runs or was killed: the file is older than the readings.
    result = open_study(folder)
    finished, rest = result.count("finished"), _rest(result.ended)
    return rest, finished, len(result.readings), study_sentence(result)


def _search(folder: Path) -> tuple[str, int, int, str]:
    record = read_record(folder / SUMMARY, SummaryRecord) or search_summary(open_search(folder))
    ended = sum(record[status] for status in ("finished", "pruned", "diverged", "failed"))
    return _rest(record["ended"]), ended, record["planned"], record["sentence"]


def _sheet(folder: Path) -> tuple[str, int, int, str]:
    record = read_record(folder / "sheet.json", SheetRecord)
    done, planned, title = record["ended"], record["exercises"], record["title"]
    unanswered = record.get("unanswered", [])
    if not unanswered or done + len(unanswered) < planned:
        return _rest(done == planned), done, planned, title
    command = exercise_command(folder, unanswered, record["quick"])
    return "to answer", done, planned, f"{title} (what is left is to answer in words: {command})"


def _rest(ended: bool) -> str:
    return "finished" if ended else "stopped"


def _is_held(folder: Path) -> bool:
    """Whether a process holds it; a search's finalists have a folder of their own."""
    return is_held(folder) or is_held(folder / FINALISTS)
