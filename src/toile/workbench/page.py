"""A run's report page: the run, its network and its validation pictures, brought together."""

from pathlib import Path

from toile import report
from toile.data import Dataset, load_data
from toile.errors import ToileError
from toile.recipe import Plan, plan_network
from toile.runs import Run


def plan_of(run: Run) -> Plan:
    """The plan of a run's network, from what the run remembers."""
    data = run.data
    return plan_network(run.recipe.network, tuple(data["shape"]), len(data["class_names"]))


def write_report(run: Run, dataset: Dataset | None = None) -> Path:
    """Write `report.html` into the run's folder and return its path.

    `dataset` saves reading the run's data again. Pictures of mistakes are left out where the data
    is gone or is no longer the same.
    """
    pixels = None
    try:
        dataset = dataset or load_data(run.recipe.data)
        if dataset.order == run.data["order"] and run.history.epochs:
            pixels = dataset.train.pixels[run.validation.indices]
    except ToileError:
        # The page says that there are no pictures; all else on it comes from the run alone.
        pass
    return report.write_run_page(run, plan_of(run), pixels)
