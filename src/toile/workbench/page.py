"""A run's report page, and figures of its validation pictures."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from toile import report
from toile.data import Dataset, DataSource
from toile.errors import ToileError
from toile.runs import (
    Run,
    judge_validation,
    load_run_data,
    looks_of,
    open_run,
    page_version,
    replace_page,
    scored_images,
    validation_pixels,
)
from toile.workbench.inside.page_section import inside_section


def write_report(
    run: str | Path | Run, dataset: Dataset | None = None, with_pictures: bool = True
) -> Path:
    """Write `report.html` into the run's folder and return its path.

    Pictures of mistakes are left out if the data is missing or has changed. Without `with_pictures`
    the data is not opened at all. Raises ToileError, and keeps the present page, if the run was
    trained on meanwhile.

        >>> toile.write_report(run).name
        'report.html'
    """
    run = open_run(run)
    version, pixels = page_version(run.folder), None
    try:
        if with_pictures and run.has_validation:
            pixels = validation_pixels(run, dataset or load_run_data(run))
    except ToileError:
        # The page says that there are no pictures; the rest of it needs only the run.
        pass
    inside = inside_section(run, pixels)
    while True:
        facts = _changeable_facts(run)
        page = report.run_page(run, run.plan, pixels, inside)
        path = replace_page(run.folder, page, version)
        # Who adds to them has only a page that is there written anew, or none at all.
        if _changeable_facts(run) == facts:
            return path


def _changeable_facts(run: Run) -> tuple[object, ...]:
    """What a page tells that may change while its run has the same weights."""
    return run.remarks, run.baselines, run.robustness, looks_of(run)


def mistakes_of(run: Run, data: DataSource | None = None) -> Figure:
    """The most confused pairs of classes of `run`, with its most confident mistakes on validation.

    `data` is the present path of its images, if they were moved.

    Raises ToileError without mistakes, or if the data is missing or has changed.
    """
    pixels, validation = validation_pixels(run, load_run_data(run, data=data)), run.validation
    among = np.flatnonzero(scored_images(run.recipe, validation))
    logits, labels = validation.logits[among], validation.labels[among]
    pairs = [
        (pair, report.surest_mistakes(logits, labels, pair))
        for pair in judge_validation(run.recipe, validation).most_confused[: report.NUM_PAIRS]
    ]
    return report.mistakes_figure(pairs, run.data.class_names, pixels[among])
