"""Writes the reports of sheets and searches into their folders."""

from collections.abc import Callable, Iterable
from pathlib import Path

from toile.files import write_atomically
from toile.prediction import ClassProbability
from toile.report import (
    Page,
    Steps,
    StepsOf,
    csv_table,
    latex_table,
    page_html,
    page_markdown,
    page_pdf,
    save_figure,
    search_page,
    sheet_page,
)
from toile.searches import SearchResult
from toile.sheets import SheetResult
from toile.workbench.sheet_exercise import prepared_picture, trained_run
from toile.workbench.study_page import checked_forms

Write = Callable[[Path, Page], list[Path]]


def write_sheet_report(result: SheetResult, formats: Iterable[str] = ("html", "md")) -> list[Path]:
    """Write the report into the sheet's folder in each of `formats`; returns the files.

    The formats are `html`, `md` with figures, `csv` with a file for each table, `tex` and `pdf`.
    """
    forms = checked_forms(formats, tuple(WRITERS), "sheet")
    return _written(result.folder, sheet_page(result, _steps(result)), forms)


def write_search_report(result: SearchResult, formats: Iterable[str] = ("html",)) -> list[Path]:
    """Write the report of a search into its folder in each of `formats`; returns the files."""
    forms = checked_forms(formats, tuple(WRITERS), "search")
    return _written(result.folder, search_page(result), forms)


def _written(folder: Path, page: Page, forms: Iterable[str]) -> list[Path]:
    return [path for name in forms for path in WRITERS[name](folder, page)]


def _html(folder: Path, page: Page) -> list[Path]:
    return [_write(folder / "report.html", page_html(page))]


def _markdown(folder: Path, page: Page) -> list[Path]:
    drawings = [drawing for block in page.blocks for drawing in block.drawings]
    for drawing in drawings:
        save_figure(drawing.figure, folder / f"{drawing.name}.svg")
    return [
        _write(folder / "report.md", page_markdown(page)),
        *(folder / f"{drawing.name}.svg" for drawing in drawings),
    ]


def _csv(folder: Path, page: Page) -> list[Path]:
    tables_folder = folder / "tables"
    tables_folder.mkdir(exist_ok=True)
    return [
        _write(tables_folder / f"{block.key}-{table.name}.csv", csv_table(table))
        for block in page.blocks
        for table in block.tables
    ]


def _latex(folder: Path, page: Page) -> list[Path]:
    tables = [
        latex_table(table, f"{block.heading}: {table.title}")
        for block in page.blocks
        for table in block.tables
    ]
    return [_write(folder / "tables.tex", "\n".join(tables))]


def _pdf(folder: Path, page: Page) -> list[Path]:
    path = folder / "report.pdf"
    write_atomically(path, page_pdf(page))
    return [path]


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


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text.encode())
    return path


WRITERS: dict[str, Write] = {
    "html": _html,
    "md": _markdown,
    "csv": _csv,
    "tex": _latex,
    "pdf": _pdf,
}
