"""Writes a run for experiment trackers: its curves, settings, scores and figures."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from toile import report
from toile.data import portable
from toile.errors import ToileError, not_one_of
from toile.evaluation import Estimate
from toile.export import TRACKERS, Point, TrackedRun, write_mlflow, write_tensorboard
from toile.recipe import read_recipe_text, settings_by_address
from toile.runs import (
    History,
    Run,
    is_of,
    judge_validation,
    looks_of,
    open_run,
    read_state,
)

WRITERS: dict[str, Callable[[TrackedRun, Path, bool], Path]] = {
    "tensorboard": write_tensorboard,
    "mlflow": write_mlflow,
}
CURVES = ("training_loss", "training_accuracy", "validation_loss", "validation_accuracy")


def track_run(
    run: str | Path | Run, tracker: str, folder: str | Path, *, force: bool = False
) -> Path:
    """Write `run` into `folder` for TensorBoard or MLflow; returns the path.

    It has curves by epoch, every setting, the score with its interval and n, the scores of looks at
    the test part, and the figures of its page. The folder may hold other runs too. `tracker` is
    "tensorboard" or "mlflow". Raises ToileError if the run is there already (unless `force`), for a
    run that has not ended, and without the tracker's package.

        >>> toile.track_run(run, "tensorboard", "logs").name == run.id
        True
    """
    if tracker not in TRACKERS:
        raise not_one_of("tracker", tracker, TRACKERS)
    run = open_run(run)
    if not run.has_results:
        raise ToileError(f"{run.id} has not ended; resume it or wait, then export it")
    return WRITERS[tracker](_tracked(run), Path(folder), force)


def _tracked(run: Run) -> TrackedRun:
    # Paths of this machine are not exported.
    text, _ = portable(run.recipe, run.data)
    settings = settings_by_address(read_recipe_text(text, run.id))
    return TrackedRun(
        name=run.id,
        begun=datetime.fromisoformat(read_state(run.folder).created),
        settings={address: _text(value) for address, value in settings.items()},
        curves=_curves(run.history),
        scores=_scores(run),
        figures=_figures(run),
        meaning=report.run_status(run).meaning,
    )


def _text(value: object) -> str:
    return "off" if value is None else str(value)


def _curves(history: History) -> dict[str, tuple[Point, ...]]:
    """The four curves; an epoch whose value is not finite has no point."""
    return {
        f"{name.replace('_', '/')}": tuple(
            Point(epoch, float(seconds), float(value))
            for epoch, (seconds, value) in enumerate(
                zip(history.seconds, getattr(history, name), strict=True), start=1
            )
            if np.isfinite(value)
        )
        for name in CURVES
    }


def _scores(run: Run) -> dict[str, Estimate]:
    scores: dict[str, Estimate] = {}
    if run.has_validation:
        scores["validation_accuracy"] = run.results.score
    looks = [look for look in looks_of(run) if is_of(look, run)]
    if looks and looks[-1].score is not None:
        scores["test_accuracy"] = looks[-1].score.accuracy
    return scores


def _figures(run: Run) -> dict[str, Figure]:
    figures = {}
    if run.history.epochs:
        figures["curves"] = report.curves_figure(run.history)
    if run.has_validation:
        judgement = judge_validation(run.recipe, run.validation)
        names = run.data.class_names
        figures["confusion"] = report.confusion_figure(judgement.matrix, names)
        figures["reliability"] = report.reliability_figure(judgement.calibration.bins)
    return figures
