"""Trainings: the form of a recipe, the queue, and what outlives the server."""

import fcntl
import json
import os
import signal
import time
from dataclasses import asdict, replace

from tests.app.conftest import is_alive, until
from toile.executors import TrainingQueue
from toile.recipe import read_recipe
from toile.runs import Run, read_state

QUICK = "preset:s1-lab"
SMALL = ["network.conv1.filters=2", "training.batch_size=64"]


def form(ask, *changes, source=QUICK):
    return ask("POST", "/api/form", json={"source": source, "changes": list(changes)}).json()


def setting(said, address):
    return next(one for one in said["settings"] if one["address"] == address)


def test_a_form_has_each_settings_meaning_range_and_default_as_the_recipe_declares_them(ask):
    size = setting(form(ask, "training.batch_size=7"), "training.batch_size")
    assert size["value"] == "7"
    assert size["default"] == "128"
    assert size["rule"] == "a whole number from 1 to 100000"
    assert size["meaning"] == "Images per step"


def test_a_change_that_cannot_be_is_refused_at_its_setting_and_the_others_are_made(ask):
    said = form(ask, "training.batch_size=0", "seed=3")
    assert said["refused"] == {
        "training.batch_size": "training.batch_size is 0; it goes from 1 to 100000"
    }
    assert setting(said, "seed")["value"] == "3"


def test_another_optimiser_brings_its_own_settings(ask):
    addresses = {one["address"] for one in form(ask, "training.optimizer=adamw")["settings"]}
    assert "training.optimizer.adamw.weight_decay" in addresses
    assert not [one for one in addresses if one.startswith("training.optimizer.sgd")]
    assert "training.early_stopping.patience" not in addresses
    said = form(ask, "training.early_stopping={}")
    assert setting(said, "training.early_stopping.patience")["value"] == "3"


def test_of_few_pictures_it_is_said_which_batches_and_epochs_make_enough_steps(ask):
    few = ["data.name=fashion-sample", "training.epochs=1"]
    said = form(ask, *few)
    # 150 steps of 32 pictures an epoch, of the 200 that it takes.
    assert (said["num_training"], said["num_steps"]) == (4800, 150)
    assert said["enough"] == {"batch_size": 32, "epochs": 2}
    assert form(ask, *few, "training.batch_size=64")["enough"] == said["enough"]
    assert form(ask, few[0], "training.epochs=2")["enough"] is None


def test_a_runs_own_recipe_is_a_form_too(ask):
    said = form(ask, source="run:first")
    assert said["name"] == "s1-lab"
    assert setting(said, "training.threads")["value"] == "1"
    assert form(ask, source="run:none")["error"].startswith("no run here is called")


def test_what_cannot_be_trained_is_not_put_into_the_queue(ask):
    asked = {"source": QUICK, "changes": ["data.name=fashion-sample", "network.dense2=off"]}
    answer = ask("POST", "/api/queue", json=asked)
    assert answer.status_code == 422
    assert ask("GET", "/api/queue").json()["jobs"] == []


def test_a_training_outlives_the_server_and_is_found_again(start, workspace, few_garments):
    first = start(workspace)
    changes = [*SMALL, f"data.name={few_garments}", "training.epochs=9000"]
    job = first.ask("POST", "queue", json={"source": QUICK, "changes": changes}).json()
    run = workspace / job["id"]
    until(lambda: (run / "state.json").exists() and read_state(run).epoch > 0)
    pid = read_state(run).pid
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    came = read_state(run).epoch
    until(lambda: read_state(run).epoch > came)
    assert is_alive(pid)

    second = start(workspace)
    (found,) = second.ask("GET", "queue").json()["jobs"]
    assert (found["id"], found["status"]) == (job["id"], "training")
    second.ask("POST", f"queue/{job['id']}/stop")
    until(lambda: read_state(run).status == "stopped")
    until(lambda: second.ask("GET", "queue").json()["jobs"] == [])
    # It goes on where it stood.
    stood = read_state(run).epoch
    assert second.ask("POST", f"runs/{job['id']}/longer", json={}).status_code == 200
    until(lambda: read_state(run).epoch > stood)
    TrainingQueue(workspace).stop(job["id"])
    until(lambda: read_state(run).status == "stopped")


def jobs(ask):
    ask.session.queue.advance()
    return ask("GET", "/api/queue").json()["jobs"]


def test_a_stop_before_the_process_hears_signals_takes_the_training_out(ask, workspace, startup):
    gate = startup.hold()
    asked = {"source": QUICK, "changes": [*SMALL, "data.name=fashion-sample"]}
    job = ask("POST", "/api/queue", json=asked).json()
    # Opened once the process reads it.
    with gate.open("w"):
        assert ask("POST", f"/api/queue/{job['id']}/stop").status_code == 200
        until(lambda: jobs(ask) == [])
    assert not (workspace / job["id"]).exists()


def test_a_stop_of_a_run_that_has_not_made_a_step_leaves_it_stopped(ask, workspace, few_garments):
    queue = ask.session.queue
    recipe = read_recipe("s1-lab", {"data.name": str(few_garments), "training.epochs": 300})
    job = queue.add(recipe)
    # What it says goes into a pipe that is full, so it waits before its first step.
    errors = queue.folder / job.id / "errors.txt"
    os.mkfifo(errors)
    pipe = os.open(errors, os.O_RDWR)
    os.write(pipe, b" " * fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096))
    queue.advance()
    errors.unlink()
    run = workspace / job.id
    until(lambda: (run / "state.json").exists())
    assert read_state(run).status == "queued"
    assert ask("POST", f"/api/queue/{job.id}/stop").status_code == 200
    assert [one["stopping"] for one in jobs(ask)] == [True]
    os.read(pipe, 4096)
    until(lambda: jobs(ask) == [])
    os.close(pipe)
    assert read_state(run).status == "stopped"
    assert ask("GET", f"/api/runs/{job.id}").json()["cannot_continue"] == ""


def test_a_stop_of_a_process_that_only_its_run_knows_reaches_it(
    ask, workspace, few_garments, startup
):
    gate = startup.hold()
    queue = ask.session.queue
    recipe = read_recipe("s1-lab", {"data.name": str(few_garments), "training.epochs": 300})
    job = queue.add(recipe)
    file = queue.folder / "queue.json"
    before = file.read_bytes()
    queue.advance()
    # As a server leaves it that is killed before it writes down what it started.
    file.write_bytes(before)
    assert [(one["status"], one["stopping"]) for one in jobs(ask)] == [("training", False)]
    assert ask("POST", f"/api/queue/{job.id}/stop").status_code == 200
    with gate.open("w"):
        assert [one["stopping"] for one in jobs(ask)] == [True]
    until(lambda: jobs(ask) == [])
    assert read_state(workspace / job.id).status == "stopped"


def test_a_recipe_tells_which_layers_it_takes_from_another_run_and_freezes(ask, few_garments):
    start = ["training.start.run=first", "training.start.freeze_up_to=conv1"]
    changes = ["network.conv1.filters=2", "data.name=fashion-sample", *start]
    said = ask("POST", "/api/start", json={"source": QUICK, "changes": changes}).json()
    assert said == {"copied": ["conv1", "dense1", "dense2"], "frozen": ["conv1"], "problem": ""}
    # Of other filters the first two do not fit, so what would be frozen is at random.
    changes[0] = "network.conv1.filters=3"
    said = ask("POST", "/api/start", json={"source": QUICK, "changes": changes}).json()
    assert said["copied"] == []
    assert "freezes conv1 at random first weights" in said["problem"]


def test_a_run_whose_page_is_being_written_has_ended_and_keeps_its_folder_and_name(ask, workspace):
    queue = ask.session.queue
    job = queue.add_longer(Run(workspace / "second"), 3)
    for said in (
        ask("PATCH", "/api/runs/second", json={"name": "mine"}),
        ask("DELETE", "/api/runs/second"),
    ):
        assert said.json()["error"].startswith("second waits in the queue to go on; ")
    # As it stands while its process reads the data, and does not yet hold the run's folder.
    begun = asdict(replace(job, status="training", started=time.time()))
    (queue.folder / "queue.json").write_text(json.dumps({"jobs": [begun], "version": 1}))
    for said in (
        ask("PATCH", "/api/runs/second", json={"name": "mine"}),
        ask("DELETE", "/api/runs/second"),
    ):
        assert said.json()["error"] == "second is being trained; stop it first"
    # As it stands in the queue when its process has finished the run, and draws.
    jobs = {"jobs": [asdict(replace(job, status="training"))], "version": 1}
    (queue.folder / "queue.json").write_text(json.dumps(jobs))
    (row,) = ask("GET", "/api/queue").json()["jobs"]
    assert (row["status"], row["ended"]) == ("training", True)
    for said in (
        ask("PATCH", "/api/runs/second", json={"name": "mine"}),
        ask("DELETE", "/api/runs/second"),
        ask("POST", "/api/runs/second/page"),
    ):
        assert said.json()["error"].startswith("the page of second is being written; ")
    assert "is over" in ask("POST", "/api/queue/second/stop").json()["error"]
    assert ask("PATCH", "/api/runs/second", json={"star": True}).status_code == 200
    assert (workspace / "second" / "state.json").exists()
