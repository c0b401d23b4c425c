"""Writes a run for MLflow: to mlflow.db, a SQLite file, with its figures in a folder."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.export.tracked import TrackedRun
from toile.files import writing

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

EXPERIMENT = "toile"
DATABASE, ARTIFACTS = "mlflow.db", "artifacts"
MOST_AT_ONCE = 500
"""Metrics per call; MLflow accepts up to 1,000."""


def write_mlflow(tracked: TrackedRun, folder: Path, force: bool = False) -> Path:
    """Add the run to the experiment `toile` in `folder`/mlflow.db, and return this file.

    `mlflow ui --backend-store-uri sqlite:///folder/mlflow.db` shows it next to other runs. The step
    of a metric is its epoch. Raises ToileError if MLflow is not installed, or if a run of this name
    exists, unless `force` replaces it.
    """
    with extra_packages("mlflow", "writing for MLflow"):
        import alembic  # noqa: F401
        import sqlalchemy
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

    # MLflow logs every table that it creates.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    database = folder.resolve() / DATABASE
    if odd := [sign for sign in "?#%" if sign in str(database)]:
        raise ToileError(
            f"{folder}: has a {odd[0]} in its path, which MLflow does not allow; "
            "name another folder"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        _write(MlflowClient(tracking_uri=f"sqlite:///{database}"), tracked, folder, force)
    except (MlflowException, sqlalchemy.exc.SQLAlchemyError) as error:
        raise ToileError(
            f"{database}: MLflow cannot write there ({error!s:.200}); name another folder, or a "
            "database of the installed version"
        ) from None
    return database


def _write(client: "MlflowClient", tracked: TrackedRun, folder: Path, force: bool) -> None:
    from mlflow.entities import Param, RunTag

    experiment = _experiment(client, folder)
    _make_room(client, experiment, tracked.name, force, folder / DATABASE)
    begun = round(1000 * tracked.begun.timestamp())
    run = client.create_run(experiment, start_time=begun, run_name=tracked.name).info.run_id
    params = [Param(name, value) for name, value in tracked.settings.items()]
    tags = [RunTag("mlflow.note.content", tracked.meaning), RunTag("written_by", "toile")]
    client.log_batch(run, params=params, tags=tags)
    metrics = list(_metrics(tracked, begun))
    for start in range(0, len(metrics), MOST_AT_ONCE):
        client.log_batch(run, metrics=metrics[start : start + MOST_AT_ONCE])
    for name, figure in tracked.figures.items():
        client.log_figure(run, figure, f"{name}.png")
    end = max((metric.timestamp for metric in metrics), default=begun)
    client.set_terminated(run, "FINISHED", end_time=end)


def _experiment(client: "MlflowClient", folder: Path) -> str:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None and experiment.lifecycle_stage != "active":
        raise ToileError(
            f"{folder / DATABASE}: the experiment {EXPERIMENT} was deleted there; restore it in "
            "MLflow, or name another folder"
        )
    if experiment is not None:
        return str(experiment.experiment_id)
    artifacts = (folder.resolve() / ARTIFACTS).as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=artifacts))


def _make_room(
    client: "MlflowClient", experiment: str, name: str, force: bool, database: Path
) -> None:
    """Delete the runs of that name, or raise ToileError without `force`."""
    runs = client.search_runs([experiment], f"attributes.run_name = '{name}'")
    if runs and not force:
        raise ToileError(
            f"{database} already has a run {name}, which is not overwritten; name another "
            "folder, or add --force (in Python force=True)"
        )
    for run in runs:
        client.delete_run(run.info.run_id)


def _metrics(tracked: TrackedRun, begun: int) -> "Iterator[Metric]":
    from mlflow.entities import Metric

    last_epoch, last = 0, begun
    for name, points in tracked.curves.items():
        for point in points:
            when = begun + round(1000 * point.seconds)
            last_epoch, last = max(last_epoch, point.epoch), max(last, when)
            yield Metric(name, point.value, when, point.epoch)
    for name, value in tracked.final_values.items():
        yield Metric(f"score/{name}", value, last, last_epoch)
