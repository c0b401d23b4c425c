import errno
import json
import math
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from toile import evaluation
from toile.errors import ToileError
from toile.runs import Run, RunsFolder, has_checkpoint, load_arrays, load_checkpoint, read_state
from toile.runs.run_results import RunScore
from toile.runs.tensors import save_arrays
from toile.torch_private import step_optimizer
from toile.training import Diverged, Epoch, Finished, Stepped, loop

BEYOND_REASON = {"training__optimizer": {"sgd": 1e6}, "network__relu1": {"scale": 1e4}}
SECONDS = {"seconds", "images_per_second", "evaluation_seconds", "total_seconds"}


def records(run):
    history = run.history
    return [
        {name: value for name, value in record.items() if name not in SECONDS}
        for record in (*history.steps, *history.epochs)
    ]


def weights(run):
    return (run.folder / "last.safetensors").read_bytes()


def test_a_finished_run_has_every_file_of_a_run(trained):
    names = {path.name for path in trained.run.folder.iterdir()}
    assert names == {
        ".lock",
        "recipe.yaml",
        "environment.json",
        "data.json",
        "state.json",
        "history.jsonl",
        "last.safetensors",
        "best.safetensors",
        "validation.safetensors",
        "checkpoint",
        "results.json",
    }
    assert read_state(trained.run.folder).status == "finished"


def test_the_results_follow_from_the_stored_logits(trained):
    run = trained.run
    stored = run.validation
    whole = evaluation.accuracy(stored.logits, stored.labels)
    results = run.results
    assert results.validation.accuracy == whole
    assert results.to_json()["score"] == {
        "accuracy": whole.to_json(),
        "of": "validation",
        "weights": "last",
    }
    assert run.score == RunScore(whole.value, whole.low, whole.high, 18, "validation", "last")
    assert (run.predictions == stored.labels).mean() == run.score.value
    assert results.epochs == 3
    assert results.steps == 15
    assert results.weights["last"] == load_arrays(run.folder / "last.safetensors").sha256
    assert read_state(run.folder).accuracy == whole.value


def test_the_file_and_the_object_say_the_same(trained):
    stored = json.loads((trained.run.folder / "results.json").read_text())
    results = trained.run.results
    assert results.to_json() == stored
    assert results.seconds.total == stored["seconds"]["total"]
    assert [one.to_json() for one in results.convergence] == stored["convergence"]
    assert results.validation.loss == stored["validation"]["loss"]


def test_the_history_is_arrays_with_a_number_an_epoch(trained):
    history = trained.run.history
    for part, measure in (("training", "loss"), ("validation", "accuracy")):
        values = getattr(history, f"{part}_{measure}")
        assert values.tolist() == [one[part][measure] for one in history.epochs]
    assert (np.diff(history.seconds) > 0).all()


def test_the_best_epochs_score_is_that_of_the_half_that_did_not_choose(trained):
    epochs = trained.run.history.epochs
    best = trained.run.results.best
    chosen = max(epochs, key=lambda one: (one["selection"]["accuracy"], -one["epoch"]))
    assert best.epoch == chosen["epoch"]
    assert best.score.value == pytest.approx(chosen["holdout"]["accuracy"])
    assert best.score.n == 9


def test_where_early_stopping_chose_the_score_is_of_the_other_half(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run", training__early_stopping={"patience": 1})
    for _ in recorder.record():
        pass
    score = recorder.run.score
    assert score.of == "the scoring half of validation"
    assert score.n == 9
    last = recorder.run.history.epochs[-1]
    assert score.value == pytest.approx(last["holdout"]["accuracy"])


@pytest.mark.parametrize("step", [1, 4, 5, 6, 14])
def test_stopped_and_resumed_it_ends_as_if_undisturbed(trained, make_recorder, tmp_path, step):
    folder = tmp_path / "stopped"
    recorder = make_recorder(folder)
    reached = []
    for event in recorder.record(stop=lambda: bool(reached)):
        if isinstance(event, Stepped) and event.step == step:
            reached.append(event)  # noqa: PERF401, the loop asks for it as it goes
    assert read_state(folder).status == "stopped"
    resumed = make_recorder(folder, restored=True)
    assert resumed.fit.position.step == step
    assert isinstance(list(resumed.record())[-1], Finished)
    assert weights(Run(folder)) == weights(trained.run)
    assert records(Run(folder)) == records(trained.run)
    assert (folder / "best.safetensors").read_bytes() == (
        trained.run.folder / "best.safetensors"
    ).read_bytes()


def test_leaving_the_loop_stops_with_a_checkpoint(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "left")
    events = recorder.record()
    for event in events:
        if isinstance(event, Stepped) and event.step == 2:
            break
    events.close()
    assert read_state(tmp_path / "left").status == "stopped"
    assert make_recorder(tmp_path / "left", restored=True).fit.position.step == 2


def test_an_interrupt_in_the_middle_of_a_step_keeps_the_last_checkpoint(
    trained, make_recorder, tmp_path, monkeypatch
):
    folder = tmp_path / "interrupted"
    recorder = make_recorder(folder)

    def interrupted(optimizer):
        step_optimizer(optimizer)
        if optimizer is recorder.fit.optimizer and recorder.fit.position.step == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "step_optimizer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(recorder.record())
    assert read_state(folder).status == "stopped"
    resumed = make_recorder(folder, restored=True)
    assert resumed.fit.position.step == 5
    list(resumed.record())
    assert weights(Run(folder)) == weights(trained.run)
    assert records(Run(folder)) == records(trained.run)


def test_a_failure_is_kept_as_the_runs_reason(make_recorder, tmp_path, monkeypatch):
    recorder = make_recorder(tmp_path / "failed")
    monkeypatch.setattr(loop, "step_optimizer", lambda optimizer: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(recorder.record())
    state = read_state(tmp_path / "failed")
    assert state.status == "failed"
    assert state.reason == "ZeroDivisionError: division by zero"


def test_a_diverged_run_keeps_its_last_finite_weights(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "diverged", **BEYOND_REASON)
    events = list(recorder.record())
    assert isinstance(events[-1], Diverged)
    state = read_state(tmp_path / "diverged")
    assert state.status == "diverged"
    assert "the loss was" in state.reason
    stored = load_arrays(tmp_path / "diverged" / "last.safetensors")
    assert all(np.isfinite(array).all() for array in stored.arrays.values())
    assert set(stored.arrays) == {"conv1.weight", "conv1.bias", "dense1.weight", "dense1.bias"}


def test_history_holds_only_numbers_that_json_has(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "diverged", **BEYOND_REASON)
    list(recorder.record())
    for line in (tmp_path / "diverged" / "history.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} in history"))


def test_checkpoints_come_with_every_epoch_and_with_time(make_recorder, tmp_path):
    seldom = make_recorder(tmp_path / "seldom")
    places = []
    for event in seldom.record():
        if isinstance(event, Epoch | Stepped):
            names = (tmp_path / "seldom" / "checkpoint").iterdir()
            places.append(max(int(path.stem.removeprefix("step-")) for path in names))
    assert sorted(set(places)) == [0, 5, 10, 15]
    often = make_recorder(tmp_path / "often")
    often.checkpoint_seconds = 0
    events = often.record()
    for event in events:
        if isinstance(event, Stepped) and event.step == 3:
            break
    assert (tmp_path / "often" / "checkpoint" / "step-3.safetensors").exists()
    events.close()


def test_seconds_are_summed_over_a_resume(make_recorder, tmp_path):
    folder = tmp_path / "two sittings"
    recorder = make_recorder(folder)
    events = recorder.record()
    for event in events:
        if isinstance(event, Stepped) and event.step == 8:
            break
    events.close()
    spent = recorder.fit.position.total_seconds
    resumed = make_recorder(folder, restored=True)
    list(resumed.record())
    assert resumed.run.results.seconds.total > spent > 0
    assert not math.isnan(resumed.run.results.seconds.per_epoch)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_write_loses_nothing_that_resuming_does_not_bring_back(
    trained, make_recorder, tmp_path, monkeypatch, code
):
    sync = os.fsync
    left = [0]

    def fail_at_last(handle):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(code, os.strerror(code))
        sync(handle)

    for count in (1, 2, 5, 9, 14, 20, 27):
        folder = tmp_path / str(count)
        recorder = make_recorder(folder)
        left[0] = count
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail_at_last)
            with pytest.raises(ToileError, match=os.strerror(code)):
                list(recorder.record())
        resumed = make_recorder(folder, restored=has_checkpoint(folder), anew=True)
        list(resumed.record())
        assert weights(Run(folder)) == weights(trained.run)
        assert records(Run(folder)) == records(trained.run)


def test_a_checkpoint_is_not_pushed_out_by_weights_that_are_lost(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run", **BEYOND_REASON)
    recorder.checkpoint_seconds = 0
    list(recorder.record())
    stored, _ = load_checkpoint(tmp_path / "run")
    assert all(np.isfinite(array).all() for array in stored.arrays.values())


def test_a_run_in_use_is_refused(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run")
    events = recorder.record()
    next(events)
    other = make_recorder(tmp_path / "run", restored=True)
    with pytest.raises(ToileError, match="is in use by another process"):
        next(other.record())
    events.close()


def test_a_history_shorter_than_its_checkpoint_is_refused(trained, make_recorder):
    folder = trained.run.folder
    (folder / "history.jsonl").unlink()
    resumed = make_recorder(folder, restored=True)
    with pytest.raises(ToileError, match="is shorter than the"):
        next(resumed.record())


def test_an_interrupted_library_call_keeps_the_results_so_far(make_recorder, tmp_path, monkeypatch):
    recorder = make_recorder(tmp_path / "run")

    def interrupted(optimizer):
        step_optimizer(optimizer)
        if optimizer is recorder.fit.optimizer and recorder.fit.position.step == 12:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "step_optimizer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(recorder.record())
    assert recorder.run.results.state == "stopped"
    assert recorder.run.results.epochs == 2


def test_a_run_whose_results_are_removed_is_not_called_finished_any_more(
    trained, make_recorder, monkeypatch
):
    statuses = []
    unlink = Path.unlink

    def noted(path, missing_ok=False):
        if path.name == "results.json":
            statuses.append(json.loads((path.parent / "state.json").read_bytes())["status"])
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", noted)
    list(make_recorder(trained.run.folder, restored=True).record())
    assert statuses == ["running"]


def test_what_a_kill_left_half_written_is_swept_away(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run")
    (tmp_path / "run" / ".last.safetensors.99.tmp").write_bytes(b"torn")
    list(recorder.record())
    assert not list((tmp_path / "run").glob(".*.tmp"))


def press_ctrl_c(monkeypatch, at):
    """From the write called `at` on, every write of a file meets another Ctrl-C."""
    replace, pressed = os.replace, []

    def interrupted(source, target):
        if pressed or Path(target).name == at:
            pressed.append(target)
            os.kill(os.getpid(), signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)


def test_more_ctrl_c_while_it_is_saved_leave_a_run_that_is_stopped_and_goes_on_here(
    trained, make_recorder, tmp_path, monkeypatch
):
    folder = tmp_path / "stopped"
    recorder = make_recorder(folder)
    events = recorder.record()
    for event in events:
        if isinstance(event, Stepped) and event.step == 7:
            break
    with monkeypatch.context() as patched:
        press_ctrl_c(patched, "step-7.safetensors")
        with pytest.raises(KeyboardInterrupt):
            events.close()
    assert read_state(folder).status == "stopped"
    resumed = make_recorder(folder, restored=True)
    assert resumed.fit.position.step == 7
    list(resumed.record())
    assert weights(Run(folder)) == weights(trained.run)
    assert records(Run(folder)) == records(trained.run)


def test_a_second_ctrl_c_after_one_in_a_step_leaves_a_run_that_is_stopped(
    make_recorder, tmp_path, monkeypatch
):
    recorder = make_recorder(tmp_path / "run")

    def interrupted(optimizer):
        step_optimizer(optimizer)
        if optimizer is recorder.fit.optimizer and recorder.fit.position.step == 7:
            press_ctrl_c(monkeypatch, "results.json")
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "step_optimizer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(recorder.record())
    assert read_state(tmp_path / "run").status == "stopped"
    assert recorder.run.results.epochs == 1


@pytest.mark.parametrize("at", ["last.safetensors", "validation.safetensors", "state.json"])
def test_a_ctrl_c_while_an_epoch_is_kept_leaves_scores_of_that_epoch(
    make_recorder, tmp_path, monkeypatch, at
):
    recorder = make_recorder(tmp_path / "run")
    events = recorder.record()
    for event in events:
        if isinstance(event, Stepped) and event.step == 9:
            break
    with monkeypatch.context() as patched:
        press_ctrl_c(patched, at)
        with pytest.raises(KeyboardInterrupt):
            list(events)
    assert read_state(tmp_path / "run").status == "stopped"
    run = recorder.run
    assert run.results.epochs == len(run.history.epochs) == 2
    last = run.history.epochs[-1]["validation"]["accuracy"]
    assert run.results.validation.accuracy.value == last


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_that_ends_leaves_the_run_to_its_parent(trained, make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run")
    events = recorder.record()
    for event in events:
        if isinstance(event, Stepped) and event.step == 7:
            break
    child = os.fork()
    if child == 0:
        events.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert read_state(tmp_path / "run").status == "running"
    with pytest.raises(ToileError, match="is running"):
        RunsFolder().remove(RunsFolder().named(recorder.run.folder))
    list(events)
    assert weights(recorder.run) == weights(trained.run)


def test_a_run_that_was_trained_on_meanwhile_is_left_alone(make_recorder, tmp_path):
    folder = tmp_path / "run"
    events = make_recorder(folder).record()
    next(events)
    events.close()
    late = make_recorder(folder, restored=True)
    list(make_recorder(folder, restored=True).record())
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(ToileError, match=r"was trained on, .* open it again"):
        next(late.record())
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("optimizer", ["adadelta", {"sgd": {"momentum": 0.9}}, "muon"])
def test_a_checkpoint_of_another_optimiser_is_refused_and_its_own_is_taken(
    make_recorder, tmp_path, optimizer
):
    events = make_recorder(tmp_path / "run", training__optimizer=optimizer).record()
    for event in events:
        if isinstance(event, Epoch) and event.epoch == 2:
            break
    events.close()
    with pytest.raises(ToileError, match="optimizer/"):
        make_recorder(tmp_path / "run", restored=True)
    own = make_recorder(tmp_path / "run", restored=True, training__optimizer=optimizer)
    assert own.fit.position.step == 10


def test_a_checkpoint_of_another_network_is_refused_with_what_differs(make_recorder, tmp_path):
    other = make_recorder(tmp_path / "other", network__conv1__filters=5)
    list(other.record())
    folder = tmp_path / "run"
    list(make_recorder(folder).record())
    for path in (folder / "checkpoint").iterdir():
        shutil.copy(tmp_path / "other" / "checkpoint" / path.name, path)
    with pytest.raises(ToileError, match=r"conv1\.weight is float32 \(5, 1, 3, 3\), and by"):
        make_recorder(folder, restored=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts, arrays: facts.clear(), "position"),
        (lambda facts, arrays: facts.update(history_size=-1), "history_size"),
        (lambda facts, arrays: facts.update(history_size="7"), "history_size"),
        (lambda facts, arrays: facts["position"].update(step="5"), r"position\.step"),
        (lambda facts, arrays: facts["position"].update(step=10**9), "it is at step 1000000000"),
        (lambda facts, arrays: facts["position"].update(waited=None), r"position\.waited"),
        (lambda facts, arrays: facts["position"].update(later=1), "its position has later"),
        (lambda facts, arrays: facts.update(strides=[]), "does not say how its arrays lie"),
        (lambda facts, arrays: facts["strides"].pop("optimizer/0/exp_avg"), "lies in memory by"),
        (
            lambda facts, arrays: facts["strides"].update(
                {"optimizer/0/exp_avg": [10**9, 9, 3, 1]}
            ),
            r"optimizer/0/exp_avg lies in memory by \[1000000000",
        ),
        (
            lambda facts, arrays: facts["strides"].update({"optimizer/0/exp_avg": [9, 9, 3, True]}),
            "lies in memory by",
        ),
        (lambda facts, arrays: arrays.pop("sums"), "its sums is missing"),
        (lambda facts, arrays: arrays.update(sums=np.zeros(5)), r"its sums is float64 \(5,\)"),
        (lambda facts, arrays: arrays.update(odd=np.zeros(5)), "its 'odd' is nothing"),
        (
            lambda facts, arrays: arrays.update({"optimizer/99/exp_avg": np.zeros(1)}),
            "optimizer/99",
        ),
        (
            lambda facts, arrays: arrays.update({"optimizer/0/exp_avg": np.zeros(1, np.float32)}),
            "optimizer/0/exp_avg",
        ),
    ],
)
def test_a_checkpoint_with_a_right_checksum_and_wrong_content_is_refused(
    trained, make_recorder, change, said
):
    for path in (trained.run.folder / "checkpoint").iterdir():
        stored = load_arrays(path)
        change(stored.facts, stored.arrays)
        save_arrays(path, stored.arrays, stored.facts)
    with pytest.raises(ToileError, match=said):
        make_recorder(trained.run.folder, restored=True)
