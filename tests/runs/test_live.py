import shutil
from dataclasses import replace
from importlib import import_module

import pytest
import torch

import toile
from toile.errors import ToileError
from toile.runs import read_state
from toile.runs.state import write_state
from toile.training import Epoch, Finished, Stepped

QUICKLY = {
    "network.conv1.filters": 2,
    "training.epochs": 2,
    "training.batch_size": 256,
    "training.threads": 1,
    "training.precision": "float32",
}


@pytest.fixture
def live():
    return toile.begin("s1-lab", data="fashion-sample", settings=QUICKLY)


def test_a_run_is_begun_iterated_and_stopped_by_leaving(live):
    for event in live:
        if isinstance(event, Epoch):
            break
    run = toile.open_run("last")
    assert run.folder == live.run.folder
    assert [event.step for event in toile.go_on(run) if isinstance(event, Stepped)] == list(
        range(20, 39)
    )
    assert run.results.epochs == 2


def test_the_recipe_kept_says_what_was_done(live):
    recipe = live.run.recipe
    assert recipe.data.validation == 1200
    assert recipe.training.precision == "float32"
    assert recipe.training.device == "cpu"
    assert recipe.training.threads == 1


def test_what_prediction_needs_is_kept_of_the_data(live):
    data = live.run.data
    assert data.class_names[6] == "Shirt"
    assert data.shape == (1, 28, 28)
    assert data.mean == (pytest.approx(live.split.train.pixels.mean() / 255, rel=1e-6),)
    assert (data.train, data.validation, data.test) == (4800, 1200, 1000)
    assert data.fingerprint == live.dataset.fingerprint


def test_validation_and_training_images_are_the_split_seeds_not_the_runs():
    indices = [
        toile.begin("s1-lab", data="fashion-sample", seed=seed).split.validation_indices
        for seed in (0, 1)
    ]
    assert (indices[0] == indices[1]).all()
    other = toile.begin("s1-lab", data="fashion-sample", settings={"data.split": 1})
    assert (other.split.validation_indices != indices[0]).any()


def test_no_test_label_is_read_by_training_reports_or_listings(live, monkeypatch):
    def refuse(part):
        pytest.fail("the test part was opened")

    for module in ("toile.data.sealed", "toile.data.description"):
        monkeypatch.setattr(import_module(module), "open_sealed", refuse)
    run = live.finish()
    assert toile.write_report(run).exists()
    assert len(toile.list_runs()) == 1


def test_changed_data_are_refused_with_both_fingerprints(live):
    run = live.finish()
    path = run.folder / "data.json"
    path.write_text(path.read_text().replace(live.dataset.fingerprint, "0" * 64))
    with pytest.raises(ToileError, match="was trained on data of fingerprint 0000000000000000"):
        toile.go_on(run, epochs=3)


def test_another_environment_is_noted_when_going_on(live):
    run = live.finish()
    path = run.folder / "environment.json"
    path.write_text(path.read_text().replace('"torch": "', '"torch": "0.'))
    notes = toile.go_on(run, epochs=3).notes
    assert len(notes) == 1
    assert "last bits may differ: torch 0." in notes[0]


def test_a_run_without_weights_cannot_be_started_from(live):
    with pytest.raises(ToileError, match="has no last weights"):
        toile.begin("s1-lab", data="fashion-sample", start=live.run.folder)


def test_damaged_weights_are_not_started_from(live):
    run = live.finish()
    path = run.folder / "last.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ToileError, match="is damaged"):
        toile.begin("s1-lab", data="fashion-sample", start=run.folder)


def test_leaving_at_the_last_event_leaves_the_run_finished(live):
    for event in live:
        if isinstance(event, Finished):
            break
    assert toile.list_runs()[0].state.status == "finished"


def test_a_run_that_stopped_early_goes_on_when_asked_for_more():
    early = {"training.early_stopping.patience": 1, "training.optimizer.learning_rate": 0}
    run = toile.train("s1-lab", data="fashion-sample", settings={**QUICKLY, **early})
    assert run.results.epochs == 2
    assert toile.resume(run, epochs=3).results.epochs == 3


def test_a_run_iterated_again_has_the_history_of_one_never_left(live):
    for event in live:
        if isinstance(event, Stepped) and event.step == 7:
            break
    live.finish()
    whole = toile.train("s1-lab", data="fashion-sample", settings=QUICKLY)
    steps = [[one["step"] for one in run.history.steps] for run in (live.run, whole)]
    assert steps[0] == steps[1]
    assert [one["epoch"] for one in live.run.history.epochs] == [1, 2]


def test_a_run_asked_for_more_epochs_has_a_recipe_that_gives_its_bits():
    falling = {**QUICKLY, "training.schedule": "cosine"}
    run = toile.train("s1-lab", data="fashion-sample", settings=falling)
    toile.resume(run, epochs=3)
    assert [one.model_dump() for one in run.recipe.training.extended] == [{"step": 38, "epochs": 2}]
    assert toile.list_runs()[0].state.epochs == 3
    again = toile.train(run.folder / "recipe.yaml")
    weights = [(one.folder / "last.safetensors").read_bytes() for one in (run, again)]
    assert weights[0] == weights[1]
    at_once = toile.train("s1-lab", data="fashion-sample", settings=falling, epochs=3)
    assert (at_once.folder / "last.safetensors").read_bytes() != weights[0]


def test_a_refused_extension_leaves_the_recipe_alone(live):
    run = live.finish()
    before = (run.folder / "recipe.yaml").read_text()
    facts = run.folder / "data.json"
    facts.write_text(facts.read_text().replace(live.dataset.fingerprint, "0" * 64))
    with pytest.raises(ToileError):
        toile.go_on(run, epochs=9)
    assert (run.folder / "recipe.yaml").read_text() == before


def test_a_run_asked_for_more_and_never_trained_is_unchanged(live):
    run = live.finish()
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    assert toile.go_on(run, epochs=9).fit.recipe.training.epochs == 9
    assert {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()} == (
        before
    )


def test_of_two_that_ask_at_once_the_one_that_trains_is_in_the_recipe(live):
    run = live.finish()
    first, second = (toile.go_on(run, epochs=epochs) for epochs in (3, 4))
    assert run.recipe.training.epochs == 2
    events = iter(first)
    next(events)
    # A kill now would leave the recipe and the checkpoint of one and the same request.
    assert run.recipe.training.epochs == 3
    with pytest.raises(ToileError, match="in use by another process"):
        next(iter(second))
    assert [one.epoch for one in events if isinstance(one, Epoch)] == [3]
    with pytest.raises(ToileError, match="open it again"):
        next(iter(second))
    assert run.recipe.training.epochs == 3
    assert [one.model_dump() for one in run.recipe.training.extended] == [{"step": 38, "epochs": 2}]
    assert run.results.epochs == 3


def test_one_kernel_goes_on_with_a_run_that_a_ctrl_c_left_as_running(live):
    """As where the disk was full when it was to be marked as stopped."""
    for event in live:
        if isinstance(event, Stepped) and event.step == 3:
            break
    state = read_state(live.run.folder)
    write_state(live.run.folder, replace(state, status="running"))
    assert read_state(live.run.folder).status == "interrupted"
    assert toile.resume(live.run).results.epochs == 2


def test_one_kernel_goes_on_with_a_run_it_only_began(live):
    assert toile.resume(live.run).results.epochs == 2


def test_old_results_do_not_outlive_going_on(live):
    run = live.finish()
    toile.write_report(run)
    for event in toile.go_on(run, epochs=3):
        if isinstance(event, Stepped):
            assert not (run.folder / "results.json").exists()
            assert not (run.folder / "report.html").exists()
    assert run.results.epochs == 3


def test_half_of_the_images_may_validate_and_a_resume_divides_them_so_again():
    settings = {**QUICKLY, "data.validation": 0.5}
    live = toile.begin("s1-lab", data="fashion-sample", settings=settings)
    assert len(live.split.validation) == 3000
    run = live.finish()
    again = toile.go_on(run, epochs=3)
    assert (again.split.validation_indices == live.split.validation_indices).all()


def test_each_run_computes_with_its_own_number_of_threads():
    whole = {**QUICKLY, "training.shards": 1}
    one, two = (
        toile.begin("s1-lab", data="fashion-sample", settings={**whole, "training.threads": n})
        for n in (1, 2)
    )
    for live, threads in ((one, 1), (two, 2)):
        for _ in live:
            assert torch.get_num_threads() == threads
            break


def test_weights_other_than_those_named_are_not_started_from(live):
    run = live.finish()
    settings = {**QUICKLY, "training.start.sha256": "a" * 64}
    with pytest.raises(ToileError, match=r"training.start.sha256 is aaaaaaaaaaaaaaaa, but .* has"):
        toile.begin("s1-lab", data="fashion-sample", start=run.folder, settings=settings)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the run asks for")
def test_a_run_of_a_machine_with_a_gpu_is_refused_where_there_is_none(live):
    run = live.finish()
    path = run.folder / "recipe.yaml"
    path.write_text(path.read_text().replace("device: cpu", "device: cuda"))
    with pytest.raises(ToileError, match=r"training\.device is cuda, which this machine lacks"):
        toile.go_on(run, epochs=3)


def test_a_run_that_came_without_a_checkpoint_is_not_trained_over(live):
    run = live.finish()
    shutil.rmtree(run.folder / "checkpoint")
    before = (run.folder / "last.safetensors").read_bytes()
    with pytest.raises(ToileError, match=r"no checkpoint .* bundle has none; .* --from"):
        toile.resume(run, epochs=4)
    assert (run.folder / "last.safetensors").read_bytes() == before
