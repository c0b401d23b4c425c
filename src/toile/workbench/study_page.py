"""Writes the report of a study into its folder."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from toile.report import (
    Correct,
    csv_readings,
    csv_table,
    study_html,
    study_markdown,
    study_pdf,
    study_report,
)
from toile.runs import Run, scored_images
from toile.studies import StudyResult
from toile.workbench.report_files import FORMS, ReportFiles, checked_forms, write_files


def write_study_report(result: StudyResult, formats: Iterable[str] = ("html",)) -> list[Path]:
    """Write the report into the study's folder in each of `formats`; returns the files.

    The formats are `html`, `md` with figures, `csv` with a file for each table, `tex` and `pdf`.
    """
    forms = checked_forms(formats, FORMS, "study")
    return write_files(result.folder, forms, _files(result))


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


def _files(result: StudyResult) -> ReportFiles:
    report = study_report(result, correct_by_level(result))
    return ReportFiles(
        html=lambda: study_html(report),
        markdown=lambda: study_markdown(report),
        pdf=lambda: study_pdf(report),
        csv=lambda: {
            **{table.name: csv_table(table) for table in report.tables},
            # In the form that `toile verdict` reads, instead of a row for each level.
            "readings": csv_readings(result),
        },
        latex=[(table, f"{report.name}: {table.title}") for table in report.tables],
        drawings=report.drawings,
    )
