"""Writes the report of a study into its folder."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from toile.errors import ToileError
from toile.files import write_atomically
from toile.report import (
    Correct,
    StudyReport,
    csv_readings,
    csv_table,
    latex_table,
    save_figure,
    study_html,
    study_markdown,
    study_pdf,
    study_report,
)
from toile.runs import Run, scored_images
from toile.studies import StudyResult

Write = Callable[[StudyResult, StudyReport], list[Path]]


def write_study_report(result: StudyResult, formats: Iterable[str] = ("html",)) -> list[Path]:
    """Write the report into the study's folder in each of `formats`; returns the files.

    The formats are `html`, `md` with figures, `csv` with a file for each table, `tex` and `pdf`.
    """
    forms = checked_forms(formats, tuple(WRITERS), "study")
    report = study_report(result, correct_by_level(result))
    return [path for name in forms for path in WRITERS[name](result, report)]


def checked_forms(formats: Iterable[str], forms: Sequence[str], kind: str) -> list[str]:
    """`formats` without duplicates. Raises ToileError for one that is not in `forms`."""
    requested = list(dict.fromkeys(formats))
    for name in requested:
        if name not in forms:
            raise ToileError(
                f"{name} is no form of a {kind}'s report; it is written as {', '.join(forms)}"
            )
    return requested


def correct_by_level(result: StudyResult) -> Correct:
    """For each level with the same scoring images: which images each finished reading got right.

    The images are those of the first level; levels with others, as with other data, are left out.
    """
    correct, images = {}, None
    for level in result.levels:
        runs = [
            Run(reading.folder)
            for reading in result.readings
            if reading.level == level.name and reading.status == "finished"
        ]
        scored = [_scored_images(run) for run in runs]
        if not scored:
            continue
        images = images or scored[0][0]
        if all(scored_on == images for scored_on, _ in scored):
            correct[level.name] = np.stack([right for _, right in scored])
    return correct


def _scored_images(run: Run) -> tuple[tuple[str, bytes], np.ndarray]:
    """An identifier of the images that score `run`, and whether each is predicted right."""
    validation = run.validation
    among = scored_images(run.recipe, validation)
    right = validation.logits.argmax(axis=1) == validation.labels
    return (run.data.order, validation.indices[among].tobytes()), right[among]


def _html(result: StudyResult, report: StudyReport) -> list[Path]:
    return [_write(result.folder / "report.html", study_html(report))]


def _markdown(result: StudyResult, report: StudyReport) -> list[Path]:
    figures = [result.folder / f"{drawing.name}.svg" for drawing in report.drawings]
    for drawing, path in zip(report.drawings, figures, strict=True):
        save_figure(drawing.figure, path)
    return [_write(result.folder / "report.md", study_markdown(report)), *figures]


def _csv(result: StudyResult, report: StudyReport) -> list[Path]:
    # Readings in the form that `toile verdict` reads, instead of a row for each level.
    tables = {table.name: csv_table(table) for table in report.tables}
    tables["readings"] = csv_readings(result)
    folder = result.folder / "tables"
    folder.mkdir(exist_ok=True)
    return [_write(folder / f"{name}.csv", text) for name, text in tables.items()]


def _latex(result: StudyResult, report: StudyReport) -> list[Path]:
    tables = [latex_table(table, f"{report.name}: {table.title}") for table in report.tables]
    return [_write(result.folder / "tables.tex", "\n".join(tables))]


def _pdf(result: StudyResult, report: StudyReport) -> list[Path]:
    path = result.folder / "report.pdf"
    write_atomically(path, study_pdf(report))
    return [path]


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
