"""The queue of trainings: order, room, and what is said of one that could not begin."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest

import toile
from toile.errors import ToileError
from toile.executors import TrainingQueue
from toile.file_lock import file_lock
from toile.runs import Run, process_started, read_state

# Tells that it was asked to end, and ends with its input.
DEAF = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
print("begun", flush=True)
sys.stdin.read()
"""


def until(is_so, seconds=120.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.05)


def ids(queue):
    return [job.id for job in queue.jobs()]


def test_waiting_trainings_are_put_in_another_order(tmp_path, small):
    queue = TrainingQueue(tmp_path, cores=1)
    first, second, third = (queue.add(small()).id for _ in range(3))
    queue.move(third, 0)
    assert ids(queue) == [third, first, second]
    queue.move(third, 99)
    assert ids(TrainingQueue(tmp_path)) == [first, second, third]
    queue.remove(second)
    assert ids(queue) == [first, third]
    with pytest.raises(ToileError, match="is not in the queue"):
        queue.move(second, 0)


def test_a_recipe_that_leaves_its_threads_open_gets_one(tmp_path, small):
    queue = TrainingQueue(tmp_path)
    job = queue.add(small().replace({"training.threads": "auto"}))
    assert job.cores == 1
    assert "threads: 1\n" in (queue.folder / job.id / "recipe.yaml").read_text()
    assert queue.add(small().replace({"training.threads": 3})).cores == 3


def test_trainings_begin_as_there_is_room_and_one_that_cannot_says_why(tmp_path, small):
    queue = TrainingQueue(tmp_path, cores=1)
    wrong = queue.add(small(name=str(tmp_path / "nowhere")))
    right = queue.add(small())
    queue.advance()
    assert [job.status for job in queue.jobs()] == ["training", "waiting"]
    with pytest.raises(ToileError, match="is being trained; stop it"):
        queue.remove(wrong.id)

    def is_over() -> bool:
        queue.advance()
        return [job.status for job in queue.jobs()] == ["failed"]

    until(is_over)
    (failed,) = queue.jobs()
    assert failed.id == wrong.id
    assert "which is no file or folder here" in failed.reason
    assert read_state(tmp_path / right.id).status == "finished"
    queue.remove(failed.id)
    assert queue.jobs() == ()
    with pytest.raises(ToileError, match="has finished its 1 epochs"):
        queue.add_longer(Run(tmp_path / right.id))


def test_a_training_has_ended_once_its_run_has_though_its_process_writes_the_page_still(
    tmp_path, small
):
    queue = TrainingQueue(tmp_path)
    job = queue.add(small())
    assert not queue.has_ended(job)
    training = replace(job, status="training", started=time.time())
    (queue.folder / "queue.json").write_text(json.dumps({"jobs": [asdict(training)], "version": 1}))
    assert not queue.has_ended(training)
    toile.begin(small(), out=tmp_path / job.id).finish()
    with file_lock(queue.folder / job.id):
        queue.advance()
        (found,) = queue.jobs()
        assert (found.status, queue.has_ended(found)) == ("training", True)
        # A run that goes on is for a while as it was before.
        assert not queue.has_ended(replace(found, started=time.time() + 1))
        with pytest.raises(ToileError, match="is over, and its page is being written"):
            queue.stop(job.id)
        # Of a process that is known and hangs: asked first, then ended.
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", DEAF], **pipes) as process:
            process.stdout.readline()
            known = replace(found, pid=process.pid, pid_started=process_started(process.pid))
            record = {"jobs": [asdict(known)], "version": 1}
            (queue.folder / "queue.json").write_text(json.dumps(record))
            queue.stop(job.id)
            assert process.stdout.readline() == b"asked\n"
            queue.stop(job.id)
            assert process.wait() == -signal.SIGKILL
    queue.advance()
    assert queue.jobs() == ()
    assert Run(tmp_path / job.id).status == "finished"
