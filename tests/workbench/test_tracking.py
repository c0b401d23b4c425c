"""A run in TensorBoard's and MLflow's own hands, read back by their own readers."""

import math
from datetime import datetime

import pytest

import toile
from toile.errors import ToileError
from toile.export import TRACKERS
from toile.recipe import recipe_of
from toile.runs import Run, read_state
from toile.workbench.tracking import WRITERS

RECIPE = {
    "name": "small",
    "data": {"size_px": 8, "validation": 120},
    "network": [{"conv": {"filters": 4, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}],
    "training": {"optimizer": {"adam": 0.01}, "batch_size": 32, "epochs": 3, "threads": 1},
}


@pytest.fixture(scope="module")
def run(few_garments, tmp_path_factory) -> Run:
    out = tmp_path_factory.mktemp("tracked") / "run"
    return toile.train(recipe_of(RECIPE), data=few_garments, out=out)


def test_tensorboard_reads_its_curves_scores_and_figures(run, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = toile.track_run(run, "tensorboard", tmp_path)
    assert folder == tmp_path / run.id
    events = EventAccumulator(str(folder)).Reload()
    history = run.history
    for name in ("training/loss", "training/accuracy", "validation/loss", "validation/accuracy"):
        points = events.Scalars(name)
        assert [point.step for point in points] == [1, 2, 3]
        expected = getattr(history, name.replace("/", "_"))
        assert [point.value for point in points] == pytest.approx(expected, rel=1e-6)
    begun = datetime.fromisoformat(read_state(run.folder).created).timestamp()
    last = events.Scalars("validation/accuracy")[-1]
    assert last.wall_time == pytest.approx(begun + history.seconds[-1])
    (score,) = events.Scalars("score/validation_accuracy")
    (low,) = events.Scalars("score/validation_accuracy_low")
    assert (score.value, score.step) == (pytest.approx(run.score.value), 3)
    assert low.value == pytest.approx(run.score.low)
    assert set(events.Tags()["images"]) == {"curves", "confusion", "reliability"}
    settings = events.Tensors("settings/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "| training.batch_size | 32 |" in settings
    assert str(run.folder.parent) not in settings


def test_mlflow_reads_its_metrics_params_and_figures(run, tmp_path):
    from mlflow import MlflowClient

    database = toile.track_run(run, "mlflow", tmp_path / "kept")
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("toile")
    (kept,) = client.search_runs([experiment.experiment_id])
    assert kept.info.run_name == run.id
    assert kept.info.status == "FINISHED"
    assert kept.data.params["training.batch_size"] == "32"
    assert kept.data.metrics["score/validation_accuracy"] == pytest.approx(run.score.value)
    assert kept.data.metrics["score/validation_accuracy_n"] == run.score.n
    points = client.get_metric_history(kept.info.run_id, "validation/loss")
    assert [point.step for point in points] == [1, 2, 3]
    assert [point.value for point in points] == pytest.approx(run.history.validation_loss)
    files = {file.path for file in client.list_artifacts(kept.info.run_id)}
    assert files == {"curves.png", "confusion.png", "reliability.png"}
    assert "validation images" in kept.data.tags["mlflow.note.content"]


@pytest.mark.parametrize("tracker", ["tensorboard", pytest.param("mlflow", marks=pytest.mark.slow)])
def test_what_is_there_is_written_over_only_when_that_is_said(run, tmp_path, tracker):
    toile.track_run(run, tracker, tmp_path)
    with pytest.raises(ToileError, match=r"already .*not overwritten.*--force"):
        toile.track_run(run, tracker, tmp_path)
    written = toile.track_run(run, tracker, tmp_path, force=True)
    if tracker == "tensorboard":
        assert len(list(written.glob("events*"))) == 1
    else:
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{written}")
        experiment = client.get_experiment_by_name("toile")
        assert len(client.search_runs([experiment.experiment_id])) == 1


def test_a_look_at_the_test_part_is_a_score_of_its_own(run, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    judged = toile.evaluate(run, open_test=True, why="for the tracker")
    events = EventAccumulator(str(toile.track_run(run, "tensorboard", tmp_path))).Reload()
    (score,) = events.Scalars("score/test_accuracy")
    assert score.value == pytest.approx(judged.judgement.accuracy.value)


def test_a_loss_that_is_no_number_is_no_point(run):
    from toile.workbench.tracking import _curves

    history = run.history
    broken = [dict(epoch) for epoch in history.epochs]
    broken[1] = broken[1] | {"training": {"loss": None, "accuracy": 0.5}}
    curves = _curves(type(history)(history.steps, tuple(broken)))
    assert [point.epoch for point in curves["training/loss"]] == [1, 3]
    assert not any(math.isnan(point.value) for point in curves["training/loss"])


@pytest.mark.parametrize("tracker", ["tensorboard", "mlflow"])
def test_a_place_that_cannot_be_written_to_is_refused_in_words(run, tmp_path, tracker):
    (tmp_path / "file").write_text("")
    with pytest.raises(ToileError, match="cannot be written"):
        toile.track_run(run, tracker, tmp_path / "file")


@pytest.mark.parametrize("name", ["what?x", "a%20b", "a#c"])
def test_a_folder_that_no_address_can_have_is_refused(run, tmp_path, name):
    with pytest.raises(ToileError, match=r"in its path, which MLflow does not allow"):
        toile.track_run(run, "mlflow", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_none_is_refused_in_words(run, tmp_path):
    (tmp_path / "mlflow.db").write_text("no database at all, and long enough to be looked at")
    with pytest.raises(ToileError, match="MLflow cannot write there"):
        toile.track_run(run, "mlflow", tmp_path)


@pytest.mark.slow
def test_a_deleted_experiment_is_said(run, tmp_path):
    from mlflow import MlflowClient

    database = toile.track_run(run, "mlflow", tmp_path)
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    client.delete_experiment(client.get_experiment_by_name("toile").experiment_id)
    with pytest.raises(ToileError, match="the experiment toile was deleted there"):
        toile.track_run(run, "mlflow", tmp_path, force=True)


def test_every_tracker_that_is_offered_has_a_writer():
    assert list(WRITERS) == list(TRACKERS)


def test_another_tracker_is_refused_with_the_nearest(run, tmp_path):
    with pytest.raises(ToileError, match=r"tensorboard, mlflow; did you mean tensorboard"):
        toile.track_run(run, "tensorbord", tmp_path)
