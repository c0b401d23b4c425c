"""Writes the reports of sheets and searches into their folders."""

from collections.abc import Iterable
from pathlib import Path

from toile.prediction import ClassProbability
from toile.report import (
    Page,
    Steps,
    StepsOf,
    csv_table,
    page_html,
    page_markdown,
    page_pdf,
    search_page,
    sheet_page,
)
from toile.searches import SearchResult
from toile.sheets import SheetResult
from toile.workbench.report_files import FORMS, ReportFiles, checked_forms, write_files
from toile.workbench.sheet_exercise import prepared_picture, trained_run


def write_sheet_report(result: SheetResult, formats: Iterable[str] = ("html", "md")) -> list[Path]:
    """Write the report into the sheet's folder in each of `formats`; returns the files.

    The formats are `html`, `md` with figures, `csv` with a file for each table, `tex` and `pdf`.
    """
    forms = checked_forms(formats, FORMS, "sheet")
    page = sheet_page(result, _steps(result))
    return write_files(result.folder, forms, _files(page))


def write_search_report(result: SearchResult, formats: Iterable[str] = ("html",)) -> list[Path]:
    """Write the report of a search into its folder in each of `formats`; returns the files."""
    forms = checked_forms(formats, FORMS, "search")
    return write_files(result.folder, forms, _files(search_page(result)))


def _files(page: Page) -> ReportFiles:
    tables = [(block, table) for block in page.blocks for table in block.tables]
    return ReportFiles(
        html=lambda: page_html(page),
        markdown=lambda: page_markdown(page),
        pdf=lambda: page_pdf(page),
        csv=lambda: {f"{block.key}-{table.name}": csv_table(table) for block, table in tables},
        latex=[(table, f"{block.heading}: {table.title}") for block, table in tables],
        drawings=[drawing for block in page.blocks for drawing in block.drawings],
    )


def _steps(result: SheetResult) -> Steps:
    """The steps from each photograph to the network's input, by exercise."""
    shown = {}
    for outcome in result.outcomes:
        run, record = trained_run(outcome), outcome.record
        if outcome.planned.exercise.kind != "export" or run is None or record is None:
            continue
        prepared = prepared_picture(outcome.folder / record["picture"], run)
        top = tuple(ClassProbability(row["class"], row["probability"]) for row in record["top"])
        warnings = tuple(record["warnings"])
        shown[outcome.planned.number] = StepsOf(record["picture"], prepared.steps, top, warnings)
    return shown
