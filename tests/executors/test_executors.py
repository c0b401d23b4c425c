"""What every executor must do, whether readings are trained here or on a cluster."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import toile
from toile.executors.executor import Executor, Task, TaskEvent
from toile.executors.inline import Inline
from toile.executors.processes import Processes
from toile.executors.ray_worker import Cluster
from toile.runs import Run, read_state
from toile.studies.live import WORKER

LAST = ("done", "lost", "refused", "no room")
LONG = 10_000
# Ray takes a minute to begin a worker where both cores are busy.
PATIENCE_SECONDS = 180
FILES = ("recipe.yaml", "last.safetensors", "best.safetensors", "validation.safetensors")
pytestmark = pytest.mark.filterwarnings("ignore:::ray")
HERE_AND_RAY_AT_NIGHT = pytest.mark.parametrize(
    "make_executor",
    ["inline", "processes", pytest.param("ray", marks=pytest.mark.slow)],
    indirect=True,
)
"""By day one test has a cluster."""


@pytest.fixture(params=["inline", "processes", "ray"])
def make_executor(request, monkeypatch) -> Callable[[], Executor]:
    if request.param == "inline":
        return Inline
    if request.param == "processes":
        return lambda: Processes(WORKER, 1)
    monkeypatch.setenv("RAY_ADDRESS", request.getfixturevalue("cluster").address)
    return lambda: Cluster()(0)


def hear(executor: Executor, until: Callable[[list[TaskEvent]], bool]) -> list[TaskEvent]:
    """The answers, until they are enough."""
    heard: list[TaskEvent] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until(heard):
        assert time.monotonic() < deadline, heard
        heard += executor.events(0.1)
    return heard


def take(executor: Executor, *tasks: Task) -> dict[str, list[TaskEvent]]:
    """All answers of `tasks`, by key."""
    for task in tasks:
        executor.submit(task)
    heard = hear(executor, lambda so_far: sum(one.kind in LAST for one in so_far) == len(tasks))
    return {task.key: [one for one in heard if one.key == task.key] for task in tasks}


def test_every_job_begins_and_is_done_once_and_its_folder_is_the_run(
    make_executor, make_task, tmp_path
):
    tasks = [make_task("first"), make_task("second", seed=7)]
    with make_executor() as executor:
        assert executor.slots == 1
        answers = take(executor, *tasks)
    for task in tasks:
        kinds = [one.kind for one in answers[task.key] if one.kind != "advanced"]
        assert kinds == ["started", "done"]
        assert read_state(task.folder).status == "finished"
        alone = toile.train(tasks[0].folder / "recipe.yaml", seed=Run(task.folder).recipe.seed)
        for file in FILES:
            assert (task.folder / file).read_bytes() == (alone.folder / file).read_bytes(), file
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}


@HERE_AND_RAY_AT_NIGHT
def test_left_it_stops_with_a_checkpoint_from_which_another_goes_on(make_executor, make_task):
    task = make_task("long", LONG)
    with make_executor() as executor:
        executor.submit(task)
        hear(executor, lambda so_far: any(one.fraction for one in so_far))
    assert read_state(task.folder).status == "stopped"
    epoch = read_state(task.folder).epoch
    steps = Run(task.folder).history.steps[-1]["step"]
    with make_executor() as executor:
        executor.submit(task)
        hear(executor, lambda so_far: sum(bool(one.fraction) for one in so_far) > 1)
    assert read_state(task.folder).epoch >= epoch
    assert Run(task.folder).history.steps[-1]["step"] > steps
    assert Run(task.folder).history.steps[0]["step"] == 1


@HERE_AND_RAY_AT_NIGHT
def test_a_task_that_is_refused_is_so_alone_and_the_next_is_done(
    make_executor, make_task, tmp_path
):
    gone = tmp_path / "gone"
    wrong = make_task("wrong", training__start={"run": str(gone)})
    with make_executor() as executor:
        answers = take(executor, wrong, make_task("right"))
    (refused,) = answers["wrong"]
    assert refused.kind == "refused"
    assert str(gone) in refused.reason
    assert answers["right"][-1].kind == "done"


@pytest.mark.parametrize(
    "make_executor", ["processes", pytest.param("ray", marks=pytest.mark.slow)], indirect=True
)
def test_a_task_whose_process_is_killed_is_lost_alone_and_the_next_is_done(
    make_executor, make_task
):
    killed = make_task(f"killed-{os.getpid()}", LONG)
    with make_executor() as executor:
        executor.submit(killed)
        hear(executor, lambda so_far: any(one.fraction for one in so_far))
        # On a cluster it works in a folder of its node's, which is this machine too.
        afar = Path(tempfile.gettempdir()).glob(f"toile-*/{killed.key}")
        (place,) = [*filter(Path.exists, [killed.folder]), *afar]
        os.kill(read_state(place).pid, signal.SIGKILL)
        lost = hear(executor, lambda so_far: any(one.kind == "lost" for one in so_far))[-1]
        answers = take(executor, make_task("right"))
    if place != killed.folder:
        shutil.rmtree(place.parent)
    assert lost.key == killed.key
    assert lost.reason
    assert answers["right"][-1].kind == "done"
