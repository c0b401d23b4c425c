"""Trainings one after another in processes of their own, which outlive whoever started them.

The queue is a folder of the workspace. A training's process holds the lock of its entry there as
long as it lives, so who opens the queue later, after a kill too, sees what is still being trained.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from toile.errors import ToileError
from toile.file_lock import file_lock, is_held
from toile.files import write_atomically, write_json
from toile.process import num_cores
from toile.recipe import Recipe, first_fault, recipe_text, with_settings
from toile.runs import Run, new_run_id, process_started, read_state, refuse_to_repeat

FOLDER, FILE = ".queue", "queue.json"
VERSION = 1
MOST_JOBS = 1000
# Bytes read from the end of what a process wrote; a traceback is some kilobytes.
TAIL_BYTES = 4000
# After these a process still writes the run's page.
ENDED = ("finished", "stopped", "diverged")


@dataclass(frozen=True)
class Job:
    """A training in the queue: of the run called `id`, new or one that `goes_on` to `epochs`.

    `started` is when its process began, in seconds since 1970, 0 where it waits. Where that ended
    before the run came further, the job has `failed` and `reason` says why. It is `stopping` once
    it was asked to stop.
    """

    id: str
    name: str
    epochs: int
    cores: int = 1
    goes_on: bool = False
    status: Literal["waiting", "training", "failed"] = "waiting"
    reason: str = ""
    started: float = 0.0
    stopping: bool = False
    pid: int = 0
    pid_started: str = ""


@dataclass(frozen=True)
class _Queued:
    jobs: tuple[Job, ...]
    version: int = VERSION


_READER = TypeAdapter(_Queued)


class TrainingQueue:
    """The queue of the workspace `folder`; at most `cores` are used at once, all of this machine's.

    `advance` starts what there is room for and forgets what has ended; nothing else does, so call
    it now and then. A job is known by its run's id.
    """

    def __init__(self, folder: Path, cores: int | None = None) -> None:
        self.workspace = folder.absolute()
        self.folder = self.workspace / FOLDER
        self.cores = num_cores() if cores is None else cores

    def jobs(self) -> tuple[Job, ...]:
        """What is trained and what waits, in order."""
        path = self.folder / FILE
        try:
            return _READER.validate_json(path.read_bytes()).jobs
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise ToileError(
                f"{path} is damaged: {first_fault(error)}; remove it, runs are not touched by that"
            ) from None

    def has_ended(self, job: Job) -> bool:
        """Whether the training of `job` is over, while its process still writes the run's page."""
        if job.status != "training":
            return False
        try:
            state, changed = read_state(self.workspace / job.id), self._changed(job)
        except (ToileError, FileNotFoundError):
            return False  # There is no run yet, or none any more.
        return state.status in ENDED and changed >= job.started

    def add(self, recipe: Recipe) -> Job:
        """Put a new run of `recipe` last. It gets one thread where the recipe leaves that open.

        So trainings side by side do not wait for each other's cores.
        """
        if recipe.training.threads == "auto":
            recipe = with_settings(recipe, {"training.threads": 1})
        job = Job(new_run_id(recipe.name), recipe.name, recipe.training.epochs, _cores_of(recipe))
        with self._changing() as jobs:
            (self.folder / job.id).mkdir()
            write_atomically(self._recipe(job), recipe_text(recipe, complete=True).encode())
            jobs.append(job)
        return job

    def add_longer(self, run: Run, epochs: int | None = None) -> Job:
        """Put `run` last, to go on where it stands; with `epochs` to that many in all.

        Raises ToileError where it cannot, or is in the queue.
        """
        if any(job.id == run.id and job.status != "failed" for job in self.jobs()):
            raise ToileError(f"{run.id} is in the queue already")
        refuse_to_repeat(run, epochs)
        recipe = run.recipe
        job = Job(
            run.id,
            recipe.name,
            epochs or recipe.training.epochs,
            _cores_of(recipe),
            goes_on=True,
        )
        with self._changing() as jobs:
            jobs[:] = [queued for queued in jobs if queued.id != job.id] + [job]
            (self.folder / job.id).mkdir(exist_ok=True)
        return job

    def move(self, job_id: str, position: int) -> None:
        """Put a waiting job at `position` among those that wait, 0 the first."""
        with self._changing() as jobs:
            moved = _job(jobs, job_id)
            if moved.status != "waiting":
                raise ToileError(f"{job_id} does not wait, so it has no place to be moved from")
            waiting = [queued for queued in jobs if queued.status == "waiting" and queued != moved]
            waiting.insert(max(position, 0), moved)
            jobs[:] = [queued for queued in jobs if queued.status != "waiting"] + waiting

    def remove(self, job_id: str) -> None:
        """Take a job out that waits or has failed; a training is stopped instead."""
        with self._changing() as jobs:
            job = _job(jobs, job_id)
            if job.status == "training":
                raise ToileError(f"{job_id} is being trained; stop it")
            self._forget(jobs, job)

    def stop(self, job_id: str) -> None:
        """Have a training stop at its next step, with a checkpoint to go on from.

        Before there is a run it ends at once, and nothing is left of it. One that is over ends too,
        without its page; asked again, whatever that does. Raises ToileError where it is not being
        trained.
        """
        with self._changing() as jobs:
            job = _job(jobs, job_id)
            if job.status != "training":
                raise ToileError(
                    f"{job_id} is not being trained, it is {job.status}; take it out instead"
                )
            is_over = self.has_ended(job)
            if is_over and not job.pid:
                raise ToileError(
                    f"the training of {job_id} is over, and its page is being written by a process "
                    "that is not known here; wait for it"
                )
            # Once: a second signal would break off the step that the first one waits for. Of a
            # training that is over everything but the page is on disk.
            if is_over or not job.stopping:
                jobs[jobs.index(job)] = replace(job, stopping=True)
                _ask_to_stop(job, signal.SIGKILL if is_over and job.stopping else signal.SIGTERM)

    def advance(self) -> None:
        """Forget the trainings that have ended, and start as many as there are cores for."""
        if not self.jobs():
            return
        with self._changing() as jobs:
            for job in [queued for queued in jobs if queued.status == "training"]:
                self._settle(jobs, job)
            busy = sum(queued.cores for queued in jobs if queued.status == "training")
            for index, job in enumerate(jobs):
                if job.status != "waiting":
                    continue
                if is_held(self.folder / job.id):
                    # Whoever started it was killed before that was written down.
                    jobs[index] = replace(job, status="training", started=time.time())
                    busy += job.cores
                    continue
                # A training that asks for more cores than there are runs alone.
                if busy and busy + job.cores > self.cores:
                    break
                jobs[index] = self._start(job)
                busy += job.cores

    def _settle(self, jobs: list[Job], job: Job) -> None:
        """Forget a training that has ended, or keep it as failed where its run came no further."""
        with suppress(ChildProcessError):
            os.waitpid(job.pid, os.WNOHANG)
        state = self.workspace / job.id / "state.json"
        if is_held(self.folder / job.id):
            if not job.pid and state.exists():
                self._learn_process(jobs, job)
            return
        message = _last_words(self.folder / job.id / "errors.txt")
        came_further = state.exists() and self._changed(job) >= job.started
        # Until Python hears signals, one ends it without a word.
        was_stopped = job.stopping and not message.startswith("toile: ")
        if came_further or was_stopped or message.startswith("toile: stopped"):
            self._forget(jobs, job)
        else:
            reason = message.removeprefix("toile: ") or "its process was ended from outside"
            jobs[jobs.index(job)] = replace(job, status="failed", reason=reason)

    def _learn_process(self, jobs: list[Job], job: Job) -> None:
        """Note the process of a job from its run, if the process that started it was killed.

        If the job was asked to stop meanwhile, the process is signalled now.
        """
        state = read_state(self.workspace / job.id)
        if state.alive:
            known = replace(job, pid=state.pid, pid_started=state.pid_started)
            jobs[jobs.index(job)] = known
            if job.stopping:
                _ask_to_stop(known)

    def _start(self, job: Job) -> Job:
        folder, arguments = self.folder / job.id, [str(self._recipe(job)), "--out", self._run(job)]
        words = ["resume", self._run(job), "--epochs", str(job.epochs)]
        if not job.goes_on:
            words = ["train", *arguments]
        elif Run(Path(self._run(job))).recipe.training.epochs == job.epochs:
            words = words[:2]
        quiet = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        started = time.time()
        # Its own session, so that a Ctrl-C meant for the server does not stop it; no Popen, which
        # minds when a process outlives it.
        with file_lock(folder, wait=False) as lock:
            os.set_inheritable(lock, True)
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "toile", *words],
                os.environ | {"TOILE_RUNS": str(self.workspace)},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(folder / "output.txt"), quiet, 0o600),
                    (os.POSIX_SPAWN_OPEN, 2, str(folder / "errors.txt"), quiet, 0o600),
                ],
                setsid=True,
            )
        return replace(
            job,
            status="training",
            started=started,
            pid=pid,
            pid_started=process_started(pid),
        )

    def _changed(self, job: Job) -> float:
        """When the state of a job's run was last written."""
        return (self.workspace / job.id / "state.json").stat().st_mtime

    def _recipe(self, job: Job) -> Path:
        return self.folder / job.id / "recipe.yaml"

    def _run(self, job: Job) -> str:
        return str(self.workspace / job.id)

    def _forget(self, jobs: list[Job], job: Job) -> None:
        jobs.remove(job)
        shutil.rmtree(self.folder / job.id, ignore_errors=True)

    @contextmanager
    def _changing(self) -> Iterator[list[Job]]:
        """The jobs, to be changed by one process at a time; written when the block ends well."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with file_lock(self.folder):
            before = self.jobs()
            jobs = list(before)
            yield jobs
            if len(jobs) > MOST_JOBS:
                raise ToileError(
                    f"the queue has {MOST_JOBS} trainings, which is the most; remove some that "
                    "wait, or wait until some have ended"
                )
            if tuple(jobs) != before:
                write_json(self.folder / FILE, asdict(_Queued(tuple(jobs))))


def _cores_of(recipe: Recipe) -> int:
    threads = recipe.training.threads
    return threads if isinstance(threads, int) else 1


def _job(jobs: Sequence[Job], job_id: str) -> Job:
    job = next((queued for queued in jobs if queued.id == job_id), None)
    if job is None:
        raise ToileError(f"{job_id} is not in the queue; it may have ended meanwhile")
    return job


def _ask_to_stop(job: Job, number: signal.Signals = signal.SIGTERM) -> None:
    """Signal a job's process, where that is known and still there."""
    # The pid alone may have been given to another process since.
    if process_started(job.pid) == job.pid_started != "":
        with suppress(ProcessLookupError):
            os.kill(job.pid, number)


def _last_words(path: Path) -> str:
    """The last message in a process's error output, which says why it ended."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    # A refusal may have several lines; it begins with our name.
    begin = max((at for at, line in enumerate(lines) if line.startswith("toile: ")), default=-1)
    return "\n".join(lines[begin:]).strip()
