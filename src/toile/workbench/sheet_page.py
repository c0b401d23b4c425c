"""A sheet's report in its folder, and a search's in its own."""

from pathlib import Path

from toile.files import write_whole
from toile.prediction import Likely
from toile.report import StepsOf, save_figure, steps_figure
from toile.report.sheet_page import (
    Page,
    Steps,
    page_html,
    page_markdown,
    search_page,
    sheet_page,
)
from toile.studies.search_result import SearchResult
from toile.studies.sheet_result import SheetResult
from toile.workbench.sheet_exercise import prepared_picture, trained_run


def write_sheet_report(result: SheetResult) -> list[Path]:
    """Write `report.html`, and `report.md` with its figures, into the sheet's folder."""
    page = sheet_page(result, _steps(result))
    html = _write(result.folder / "report.html", page_html(page))
    return [html, *_markdown(result.folder, page)]


def write_search_report(result: SearchResult) -> Path:
    """Write `report.html` into the search's folder."""
    return _write(result.folder / "report.html", page_html(search_page(result)))


def _markdown(folder: Path, page: Page) -> list[Path]:
    drawings = [one for block in page.blocks for one in block.drawings]
    for one in drawings:
        save_figure(one.figure, folder / f"{one.name}.svg")
    return [
        _write(folder / "report.md", page_markdown(page)),
        *(folder / f"{one.name}.svg" for one in drawings),
    ]


def _steps(result: SheetResult) -> Steps:
    """How each photograph that was asked about became what the network saw."""
    figures = {}
    for outcome in result.outcomes:
        run, record = trained_run(outcome), outcome.record
        if outcome.planned.exercise.kind != "export" or run is None or record is None:
            continue
        prepared = prepared_picture(outcome.folder / record["picture"], run)
        top = tuple(Likely(one["class"], one["probability"]) for one in record["top"])
        shown = StepsOf(record["picture"], prepared.steps, top, tuple(record["warnings"]))
        figures[outcome.planned.number] = steps_figure([shown])
    return figures


def _write(path: Path, text: str) -> Path:
    write_whole(path, text.encode())
    return path
