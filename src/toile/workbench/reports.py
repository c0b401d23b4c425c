"""The reports of runs, studies, searches and sheets."""

from collections.abc import Iterable
from pathlib import Path

from toile.errors import ToileError
from toile.files import write_atomically
from toile.report import CardFile, model_card
from toile.runs import CARD, Entry, Run, open_run, refuse_without_results
from toile.searches import open_search
from toile.sheets import open_sheet
from toile.studies import open_study
from toile.workbench.export import Exported
from toile.workbench.page import write_report
from toile.workbench.report_files import checked_forms
from toile.workbench.sheet_page import write_search_report, write_sheet_report
from toile.workbench.study_page import write_study_report

RUN_FORMS = ("html", "md")


def write_reports(entry: Entry, formats: Iterable[str]) -> list[Path]:
    """Write the report of `entry` into its folder in each of `formats`; returns the files.

    Raises ToileError for a format that its kind does not have, before anything is written.
    """
    match entry.kind:
        case "study":
            return write_study_report(open_study(entry.folder), formats)
        case "search":
            return write_search_report(open_search(entry.folder), formats)
        case "sheet":
            return write_sheet_report(open_sheet(entry.folder), formats)
    forms, run = checked_forms(formats, RUN_FORMS, entry.kind), Run(entry.folder)
    return [write_report(run) if form == "html" else write_card(run) for form in forms]


def write_card(
    run: str | Path | Run, path: str | Path | None = None, exported: Exported | None = None
) -> Path:
    """Write a run's model card to `path`, by default into its folder; returns the file.

    With `exported`, the result of `toile.export_run`, the card is of that file: of its weights,
    input and output.

        >>> toile.write_card(run).name
        'model-card.md'

    Raises ToileError for a run without results, and for a file of weights that the run no longer
    has.
    """
    run = open_run(run)
    refuse_without_results(run.folder)
    path = Path(path or run.folder / CARD)
    file = None if exported is None else _file(run, exported)
    write_atomically(path, model_card(run, file).encode())
    return path


def _file(run: Run, exported: Exported) -> CardFile:
    about = exported.about
    if about.weights_sha256 != run.weights_sha256(about.weights):
        raise ToileError(
            f"{exported.file} has weights that {run.id} no longer has, so the run's scores are not "
            "the file's; export it again"
        )
    return CardFile(exported.file.name, exported.format, about)
