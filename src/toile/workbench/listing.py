"""Studies, searches and sheets as a listing shows them.

What has come to rest is told by two small files; the rest by its readings.
"""

from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.file_lock import is_held
from toile.files import write_json
from toile.runs import FINALISTS, Entry, Workspace
from toile.searches import SUMMARY, SummaryRecord, open_search, search_summary
from toile.sheets import SheetRecord
from toile.studies import (
    StudyRecord,
    VerdictRecord,
    open_study,
    read_record,
    study_sentence,
    study_summary,
)

COUNTED = {"study": "readings", "search": "trials", "sheet": "exercises"}
AT_REST = ("finished", "stopped")


@dataclass(frozen=True)
class CollectionStatus:
    """How one stands: `done` of `planned` readings, trials or exercises.

    `state` is `finished`, `going on`, `stopped` with something missing, or `damaged`. `sentence` is
    what came of it; of a sheet its title, of a damaged one what is wrong with it.
    """

    entry: Entry
    state: str
    done: int
    planned: int
    sentence: str


def list_studies(workspace: Workspace | None = None) -> list[CollectionStatus]:
    """The studies, searches and sheets kept in `workspace` (default: here), the newest first."""
    return [_status(entry) for entry in (workspace or Workspace()).entries(*COUNTED)]


def renew_summaries(entry: Entry) -> None:
    """Write the summaries in its folder anew, where there are any: they name runs by their paths.

    Those of a sheet's exercises and of a search's finalists too.
    """
    for folder in (entry.folder, *entry.folder.glob("*"), *entry.folder.glob(f"*/{FINALISTS}")):
        if (folder / "verdict.json").exists():
            write_json(folder / "verdict.json", study_summary(open_study(folder)))
        if (folder / SUMMARY).exists():
            write_json(folder / SUMMARY, search_summary(open_search(folder)))


def _status(entry: Entry) -> CollectionStatus:
    tell = {"study": _study, "search": _search, "sheet": _sheet}[entry.kind]
    try:
        ended, done, planned, sentence = tell(entry.folder)
    except ToileError as error:
        return CollectionStatus(entry, "damaged", 0, 0, str(error))
    except KeyError as missing:
        return CollectionStatus(entry, "damaged", 0, 0, f"its files have no {missing}")
    state = "finished" if ended else "going on" if _is_held(entry.folder) else "stopped"
    return CollectionStatus(entry, state, done, planned, sentence)


def _study(folder: Path) -> tuple[bool, int, int, str]:
    """Whether it has ended, how many readings finished, how many are asked, and the sentence."""
    record = read_record(folder / "study.json", StudyRecord)
    verdict = read_record(folder / "verdict.json", VerdictRecord)
    if record.get("status") in AT_REST and verdict:
        ended = record["status"] == "finished"
        return ended, record["finished"], record["readings"], verdict["sentence"]
    # Under way, or killed: the file is older than the readings.
    result = open_study(folder)
    return result.ended, result.count("finished"), len(result.readings), study_sentence(result)


def _search(folder: Path) -> tuple[bool, int, int, str]:
    record = read_record(folder / SUMMARY, SummaryRecord) or search_summary(open_search(folder))
    ended = sum(record[status] for status in ("finished", "pruned", "diverged", "failed"))
    return record["ended"], ended, record["planned"], record["sentence"]


def _sheet(folder: Path) -> tuple[bool, int, int, str]:
    record = read_record(folder / "sheet.json", SheetRecord)
    done, planned = record["ended"], record["exercises"]
    return done == planned, done, planned, record["title"]


def _is_held(folder: Path) -> bool:
    """Whether a process has it in hand; a search's finalists have a folder of their own."""
    return is_held(folder) or is_held(folder / FINALISTS)
