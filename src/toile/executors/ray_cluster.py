"""Readings trained on a Ray cluster: recipes and data go out, run folders come back.

Each is trained by an actor of Ray's: a process somewhere with the CPUs and the fraction of a GPU
of one reading. It lives on from one reading to the next. Where its node dies, its reading is begun
anew elsewhere, to the same bits.
"""

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from toile.data import Dataset
from toile.errors import ToileError
from toile.executors.archive import Archive, pack, unpack
from toile.executors.executor import Kind, Task, TaskEvent
from toile.executors.ray_join import join_ray
from toile.files import disk_is_full
from toile.recipe import Data, read_recipe_text

SECONDS_TO_STOP = 60.0
MOST_ACTORS = 1000
UNDER_WAY = ("started", "advanced")


class Trainer(Protocol):
    """Trains the reading of a task in its folder, answering as it goes and at last."""

    def __call__(
        self, task: Task, dataset: Dataset, stop: Callable[[], bool]
    ) -> Iterator[TaskEvent]:
        """Until `stop` says so: then with a checkpoint."""


class TrainingActor:
    """Trains one reading at a time, on whatever node it is. Lives in a process there."""

    def __init__(self, make: Callable[[], Trainer], gpus: float) -> None:
        if not gpus:
            # Ray leaves a node's GPUs in sight of those who asked for none.
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self._trainer = make()
        self._stopping = threading.Event()

    def node(self) -> str:
        """The node it is on, once it is ready."""
        import ray

        name: str = ray.get_runtime_context().get_node_id()
        return name

    def train(
        self, key: str, recipe: str, begun: Archive | None, dataset: Dataset
    ) -> Iterator[TaskEvent | Archive]:
        """Train a reading; the run's folder comes before the last answer."""
        self._stopping.clear()
        with tempfile.TemporaryDirectory(prefix="toile-") as temporary:
            folder = Path(temporary) / key
            if begun is not None:
                unpack(begun, folder)
            for answer in self._trainer(Task(key, folder, recipe), dataset, self._stopping.is_set):
                if answer.kind not in UNDER_WAY and (folder / "state.json").exists():
                    yield pack(folder)
                yield answer

    def stop(self) -> None:
        """End the reading with a checkpoint."""
        self._stopping.set()


@dataclass(eq=False)
class _Handle:
    """An actor seen from here. `pending` is what it says next: its node at first, then answers."""

    actor: Any
    pending: Any
    node: str = ""
    task: Task | None = None
    archive: Archive | None = None


class RayCluster:
    """Actors on the cluster that RAY_ADDRESS names, or on one of its own here.

    As many as there is room for, but at most `most` where that is not 0. Each reading has `cpus`
    and `gpus` to itself. `make` gives what trains readings there, `load` the data here, which goes
    to a node once.
    """

    slots = 0

    def __init__(
        self,
        make: Callable[[], Trainer],
        load: Callable[[Data], Dataset],
        cpus: float = 1.0,
        gpus: float = 0.0,
        most: int = 0,
    ) -> None:
        self._make, self._cpus, self._gpus, self._most = make, cpus, gpus, most
        self._load = lru_cache(maxsize=None)(load)
        self._sent: dict[str, Any] = {}
        self._waiting: deque[Task] = deque()
        self._handles: list[_Handle] = []
        self._full_disk: dict[str, tuple[Task, Archive, TaskEvent]] = {}
        self._happened: list[TaskEvent] = []

    def __enter__(self) -> "RayCluster":
        self._ray, self._is_ours = join_ray()
        self.slots = self._capacity()
        if not self.slots:
            had = "; ".join(_words(node["Resources"]) for node in self._nodes()) or "no nodes"
            self._leave()
            raise ToileError(
                f"a reading asks for {_words({'CPU': self._cpus, 'GPU': self._gpus})}, which no "
                f"node of the cluster has ({had}); ask for less with --cpus-per-reading or "
                "--gpus-per-reading"
            )
        return self

    def __exit__(self, *error: object) -> None:
        self._waiting.clear()
        for handle in self._handles:
            if handle.task is not None:
                handle.actor.stop.remote()
        # A node that is gone would never answer.
        until = time.monotonic() + SECONDS_TO_STOP
        while any(handle.task for handle in self._handles) and time.monotonic() < until:
            self.events(0.1)
            # What is lost now is not to be begun elsewhere.
            self._waiting.clear()
        for handle in self._handles:
            self._ray.kill(handle.actor)
        self._leave()

    def submit(self, task: Task) -> None:
        """Train `task` as soon as there is room."""
        if task.key in self._full_disk:
            self._unpack_run(*self._full_disk.pop(task.key))
        else:
            self._waiting.append(task)

    def events(self, seconds: float) -> list[TaskEvent]:
        """What has happened since the last call; waits at most so long for the first."""
        self._hand_out()
        wait = 0.0 if self._happened else seconds
        while ready := self._ready(wait):
            for handle in ready:
                self._hear(handle)
            wait = 0.0
        events, self._happened = self._happened, []
        return events

    def _ready(self, seconds: float) -> list[_Handle]:
        """The actors whose next answer is ready."""
        pending = {handle.pending: handle for handle in self._handles if handle.pending is not None}
        if not pending:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(pending), num_returns=1, timeout=seconds)
        return [pending[reference] for reference in ready]

    def _hear(self, handle: _Handle) -> None:
        from ray.exceptions import RayError, RayTaskError

        try:
            if not handle.node:
                handle.node, handle.pending = self._ray.get(handle.pending), None
                return
            answer = self._ray.get(next(handle.pending))
        except RayTaskError as error:
            self._lost(handle, str(error).rstrip().rpartition("\n")[2])
        except RayError as error:
            self._gone(handle, error)
        else:
            self._receive(handle, answer)

    def _receive(self, handle: _Handle, answer: TaskEvent | Archive) -> None:
        assert handle.task is not None
        if isinstance(answer, Archive):
            handle.archive = answer
        elif answer.kind in UNDER_WAY:
            self._happened.append(answer)
        else:
            task, archive = handle.task, handle.archive
            handle.task = handle.pending = handle.archive = None
            if archive is None:
                self._happened.append(answer)
            else:
                self._unpack_run(task, archive, answer)

    def _unpack_run(self, task: Task, archive: Archive, answer: TaskEvent) -> None:
        """The run that came back into its folder; then its answer is true."""
        try:
            unpack(archive, task.folder)
        except ToileError as error:
            kind: Kind = "no room" if disk_is_full(error) else "lost"
            if kind == "no room":
                # It is here already when it is asked for again.
                self._full_disk[task.key] = (task, archive, answer)
            answer = TaskEvent(task.key, kind, reason=str(error))
        self._happened.append(answer)

    def _lost(self, handle: _Handle, text: str) -> None:
        assert handle.task is not None
        self._happened.append(TaskEvent(handle.task.key, "lost", reason=text))
        handle.task = handle.pending = handle.archive = None

    def _gone(self, handle: _Handle, error: Exception) -> None:
        """An actor that is no more: with its node, which is no fault of the reading's, or alone."""
        self._handles.remove(handle)
        self._ray.kill(handle.actor)
        last = str(error).rstrip().rpartition("\n")[2]
        if getattr(error, "actor_init_failed", False):
            raise ToileError(
                f"a node of the cluster cannot take readings: {last}; have the same Toile on every "
                "node"
            )
        if handle.task is None:
            return
        if handle.node in {node["NodeID"] for node in self._nodes()}:
            self._happened.append(
                TaskEvent(handle.task.key, "lost", reason=f"its process died: {last}")
            )
        else:
            self._waiting.appendleft(handle.task)

    def _hand_out(self) -> None:
        free = [handle for handle in self._handles if handle.node and handle.task is None]
        for handle in free[: len(self._waiting)]:
            handle.task = task = self._waiting.popleft()
            begun = pack(task.folder) if (task.folder / "state.json").exists() else None
            train = handle.actor.train.options(num_returns="streaming")
            handle.pending = train.remote(task.key, task.recipe, begun, self._data(task))
        if self._waiting:
            # Nodes may have come or gone.
            self.slots = self._capacity()
            busy = sum(handle.task is not None for handle in self._handles)
            for _ in range(len(self._handles), min(self.slots, busy + len(self._waiting))):
                self._handles.append(self._start_actor())

    def _start_actor(self) -> _Handle:
        kind = self._ray.remote(TrainingActor).options(
            num_cpus=self._cpus, num_gpus=self._gpus, max_restarts=0, max_concurrency=2
        )
        actor = kind.remote(self._make, self._gpus)
        return _Handle(actor, actor.node.remote())

    def _data(self, task: Task) -> Any:
        """The data of a task in Ray's object store, put there once."""
        dataset = self._load(read_recipe_text(task.recipe, "the reading's recipe").data)
        if dataset.order not in self._sent:
            self._sent[dataset.order] = self._ray.put(dataset)
        return self._sent[dataset.order]

    def _capacity(self) -> int:
        """How many readings the cluster has room for at once, nothing else running on it."""
        required = {"CPU": self._cpus, "GPU": self._gpus}
        rooms = (
            # Four quarters fit into a whole, whatever floats round them to.
            min(
                int(node["Resources"].get(resource, 0) / count + 1e-6)
                for resource, count in required.items()
                if count
            )
            for node in self._nodes()
        )
        return min(sum(rooms), self._most or MOST_ACTORS)

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _leave(self) -> None:
        if self._is_ours:
            self._ray.shutdown()


def _words(resources: Mapping[str, float]) -> str:
    """`2 CPUs and .25 GPUs`, of what a node has or a reading asks for."""
    return " and ".join(
        f"{resources.get(resource, 0):g} {resource}s" for resource in ("CPU", "GPU")
    )
