"""A run's page while it is trained, and what can be done with it after."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from toile.executors import Job, TrainingQueue
from toile.file_lock import file_lock
from toile.runs import process_started

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


# As what writes a run's page and hangs: tells that it was asked to end, and goes on.
DEAF = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_page_whose_writing_hangs_is_ended_in_the_queue(visit, workspace):
    queue = TrainingQueue(workspace)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", DEAF], **pipes) as process:
        assert process.stdout.readline() == b"begun\n"
        known = {"pid": process.pid, "pid_started": process_started(process.pid)}
        # Over since before now: its run is as a training leaves it.
        job = Job("first", "s1-lab", 1, status="training", started=time.time() - 86_400, **known)
        (queue.folder / job.id).mkdir(parents=True)
        with file_lock(queue.folder / job.id):
            record = {"jobs": [asdict(job)], "version": 1}
            (queue.folder / "queue.json").write_text(json.dumps(record))
            page = visit().page
            page.evaluate("location.hash = '#/train'")
            listed = page.get_by_role("region", name="Queue")
            listed.get_by_text("writing its page").wait_for()
            listed.get_by_role("button", name="End without the page: first").click()
            assert process.stdout.readline() == b"asked\n"
            listed.get_by_role("button", name="End it at once: first").click()
            assert process.wait() == -signal.SIGKILL
        listed.wait_for(state="detached")


def test_a_run_that_cannot_be_continued_says_why_in_place_of_the_form(visit, workspace):
    # As of a bundle.
    shutil.rmtree(workspace / "second" / "checkpoint")
    visitor = visit()
    page = visitor.page
    visitor.go("#/train?run=first")
    page.get_by_label("Continue to").wait_for()
    assert page.get_by_role("link", name="Start a new run with its weights").count() == 0
    visitor.go("#/train?run=second")
    page.get_by_text("second has no checkpoint to continue from").wait_for()
    assert page.get_by_label("Continue to").count() == 0
    page.get_by_role("link", name="Start a new run with its weights").click()
    playwright.expect(page.get_by_label("Run", exact=True)).to_have_value("second")


def test_a_training_stopped_while_it_prepares_says_that_nothing_is_left_of_it(startup, visit):
    visitor = visit()
    page, gate = visitor.page, startup.hold()
    visitor.go("#/train?recipe=preset:s1-lab&set=data.name=fashion-sample")
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("Preparing: the process starts").wait_for()
    # Opened once a process reads it.
    with gate.open("w"):
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("Stopped before it began").wait_for()
    assert page.get_by_role("button", name="Stop").count() == 0


def test_a_best_epoch_that_is_not_the_highest_says_that_half_of_validation_chose_it(
    visit, workspace
):
    visitor = visit()
    page = visitor.page
    chosen = page.get_by_text("is the best on the half of the validation pictures")
    visitor.go("#/train?run=first")
    page.get_by_text("best", exact=True).wait_for()
    assert chosen.count() == 0
    history = workspace / "second" / "history.jsonl"
    first = json.loads(history.read_text().splitlines()[-1])
    second = first | {"epoch": 2, "best": False}
    second["validation"] = first["validation"] | {"accuracy": 0.99}
    with history.open("a") as file:
        file.write(json.dumps(second) + "\n")
    visitor.go("#/train?run=second")
    chosen.wait_for()


def test_a_training_comes_to_the_same_number_in_the_cards_the_legend_and_the_table(
    visit, workspace
):
    visitor = visit()
    page = visitor.page
    visitor.go("#/train?run=first")
    page.get_by_text("mean of epoch 1").wait_for(timeout=20_000)
    lines = (workspace / "first" / "history.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    (epoch,) = [record for record in records if record["kind"] == "epoch"]
    loss = f"{epoch['training']['loss']:.3f}"
    accuracy = f"{100 * epoch['training']['accuracy']:.1f} %"
    last = next(record for record in reversed(records) if record["kind"] == "step")
    assert f"{last['loss']:.3f}" != loss
    assert page.locator(".stats > div", has_text="Training loss").get_by_text(loss).count() == 1
    for title, value in (("Loss", loss), ("Accuracy", accuracy)):
        card = page.locator(".card", has=page.get_by_role("heading", name=title, exact=True))
        assert card.locator(".legend > span", has_text="Training").get_by_text(value).count() == 1
    assert page.locator("tbody").get_by_text(accuracy).count() >= 1
