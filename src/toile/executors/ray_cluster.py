"""Readings trained on a Ray cluster: recipes and data go out, run folders come back.

A seat is an actor of Ray's: a process somewhere with the CPUs and the share of a GPU of one
reading. It lives on from one reading to the next. Where its node dies, its reading is begun anew
elsewhere, to the same bits.
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
from toile.executors.archive import Parcel, pack, unpack
from toile.executors.executor import Kind, Task, TaskEvent
from toile.executors.ray_join import join_ray
from toile.files import disk_is_full
from toile.recipe import Data, read_recipe_text

SECONDS_TO_STOP = 60.0
MOST_SEATS = 1000
UNDER_WAY = ("started", "advanced")


class Take(Protocol):
    """Trains the reading of a task in its folder, answering as it goes and at last."""

    def __call__(
        self, task: Task, dataset: Dataset, stop: Callable[[], bool]
    ) -> Iterator[TaskEvent]:
        """Until `stop` says so: then with a checkpoint."""


class Seat:
    """Where one reading at a time is taken, on whatever node it is. Lives in a process there."""

    def __init__(self, make: Callable[[], Take], gpus: float) -> None:
        if not gpus:
            # Ray leaves a node's GPUs in sight of those who asked for none.
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self._take = make()
        self._stopping = threading.Event()

    def node(self) -> str:
        """The node it is on, once it is ready."""
        import ray

        name: str = ray.get_runtime_context().get_node_id()
        return name

    def take(
        self, key: str, recipe: str, begun: Parcel | None, dataset: Dataset
    ) -> Iterator[TaskEvent | Parcel]:
        """Take a reading; the run's folder comes before the last answer."""
        self._stopping.clear()
        with tempfile.TemporaryDirectory(prefix="toile-") as desk:
            folder = Path(desk) / key
            if begun is not None:
                unpack(begun, folder)
            for answer in self._take(Task(key, folder, recipe), dataset, self._stopping.is_set):
                if answer.kind not in UNDER_WAY and (folder / "state.json").exists():
                    yield pack(folder)
                yield answer

    def stop(self) -> None:
        """End the reading with a checkpoint."""
        self._stopping.set()


@dataclass(eq=False)
class _Place:
    """A seat as seen from here. `coming` is what it says next: its node at first, then answers."""

    seat: Any
    coming: Any
    node: str = ""
    task: Task | None = None
    parcel: Parcel | None = None


class RayCluster:
    """Seats on the cluster that RAY_ADDRESS names, or on one of its own here.

    As many as there is room for, but at most `most` where that is not 0. Each reading has `cpus`
    and `gpus` to itself. `make` gives what takes readings there, `load` the data here, which goes
    to a node once.
    """

    slots = 0

    def __init__(
        self,
        make: Callable[[], Take],
        load: Callable[[Data], Dataset],
        cpus: float = 1.0,
        gpus: float = 0.0,
        most: int = 0,
    ) -> None:
        self._make, self._cpus, self._gpus, self._most = make, cpus, gpus, most
        self._load = lru_cache(maxsize=None)(load)
        self._sent: dict[str, Any] = {}
        self._waiting: deque[Task] = deque()
        self._places: list[_Place] = []
        self._unplaced: dict[str, tuple[Task, Parcel, TaskEvent]] = {}
        self._found: list[TaskEvent] = []

    def __enter__(self) -> "RayCluster":
        self._ray, self._is_ours = join_ray()
        self.slots = self._room()
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
        for place in self._places:
            if place.task is not None:
                place.seat.stop.remote()
        # A node that is gone would never answer.
        until = time.monotonic() + SECONDS_TO_STOP
        while any(place.task for place in self._places) and time.monotonic() < until:
            self.events(0.1)
            # What is lost now is not to be begun elsewhere.
            self._waiting.clear()
        for place in self._places:
            self._ray.kill(place.seat)
        self._leave()

    def submit(self, task: Task) -> None:
        """Train `task` as soon as there is room."""
        if task.key in self._unplaced:
            self._put_in_place(*self._unplaced.pop(task.key))
        else:
            self._waiting.append(task)

    def events(self, seconds: float) -> list[TaskEvent]:
        """What has happened since the last call; waits at most so long for the first."""
        self._hand_out()
        wait = 0.0 if self._found else seconds
        while ready := self._ready(wait):
            for place in ready:
                self._hear(place)
            wait = 0.0
        found, self._found = self._found, []
        return found

    def _ready(self, seconds: float) -> list[_Place]:
        """The places that have something to say."""
        coming = {place.coming: place for place in self._places if place.coming is not None}
        if not coming:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(coming), num_returns=1, timeout=seconds)
        return [coming[one] for one in ready]

    def _hear(self, place: _Place) -> None:
        from ray.exceptions import RayError, RayTaskError

        try:
            if not place.node:
                place.node, place.coming = self._ray.get(place.coming), None
                return
            said = self._ray.get(next(place.coming))
        except RayTaskError as error:
            self._lost(place, str(error).rstrip().rpartition("\n")[2])
        except RayError as error:
            self._gone(place, error)
        else:
            self._take_in(place, said)

    def _take_in(self, place: _Place, said: TaskEvent | Parcel) -> None:
        assert place.task is not None
        if isinstance(said, Parcel):
            place.parcel = said
        elif said.kind in UNDER_WAY:
            self._found.append(said)
        else:
            task, parcel = place.task, place.parcel
            place.task = place.coming = place.parcel = None
            if parcel is None:
                self._found.append(said)
            else:
                self._put_in_place(task, parcel, said)

    def _put_in_place(self, task: Task, parcel: Parcel, answer: TaskEvent) -> None:
        """The run that came back into its folder; then its answer is true."""
        try:
            unpack(parcel, task.folder)
        except ToileError as error:
            kind: Kind = "no room" if disk_is_full(error) else "lost"
            if kind == "no room":
                # Asked for again when there is room, it is here already.
                self._unplaced[task.key] = (task, parcel, answer)
            answer = TaskEvent(task.key, kind, reason=str(error))
        self._found.append(answer)

    def _lost(self, place: _Place, text: str) -> None:
        assert place.task is not None
        self._found.append(TaskEvent(place.task.key, "lost", reason=text))
        place.task = place.coming = place.parcel = None

    def _gone(self, place: _Place, error: Exception) -> None:
        """A seat that is no more: with its node, which is no fault of the reading's, or alone."""
        self._places.remove(place)
        self._ray.kill(place.seat)
        last = str(error).rstrip().rpartition("\n")[2]
        if getattr(error, "actor_init_failed", False):
            raise ToileError(
                f"a node of the cluster cannot take readings: {last}; have the same Toile on every "
                "node"
            )
        if place.task is None:
            return
        if place.node in {node["NodeID"] for node in self._nodes()}:
            self._found.append(
                TaskEvent(place.task.key, "lost", reason=f"its process died: {last}")
            )
        else:
            self._waiting.appendleft(place.task)

    def _hand_out(self) -> None:
        free = [place for place in self._places if place.node and place.task is None]
        for place in free[: len(self._waiting)]:
            place.task = task = self._waiting.popleft()
            begun = pack(task.folder) if (task.folder / "state.json").exists() else None
            take = place.seat.take.options(num_returns="streaming")
            place.coming = take.remote(task.key, task.recipe, begun, self._data(task))
        if self._waiting:
            # Nodes may have come or gone.
            self.slots = self._room()
            busy = sum(place.task is not None for place in self._places)
            for _ in range(len(self._places), min(self.slots, busy + len(self._waiting))):
                self._places.append(self._new_place())

    def _new_place(self) -> _Place:
        kind = self._ray.remote(Seat).options(
            num_cpus=self._cpus, num_gpus=self._gpus, max_restarts=0, max_concurrency=2
        )
        seat = kind.remote(self._make, self._gpus)
        return _Place(seat, seat.node.remote())

    def _data(self, task: Task) -> Any:
        """The data of a task in Ray's object store, put there once."""
        dataset = self._load(read_recipe_text(task.recipe, "the reading's recipe").data)
        if dataset.order not in self._sent:
            self._sent[dataset.order] = self._ray.put(dataset)
        return self._sent[dataset.order]

    def _room(self) -> int:
        """How many readings the cluster has room for at once, nothing else running on it."""
        asked = {"CPU": self._cpus, "GPU": self._gpus}
        rooms = (
            # Of four quarters four fit, whatever floats make of them.
            min(
                int(node["Resources"].get(what, 0) / count + 1e-6)
                for what, count in asked.items()
                if count
            )
            for node in self._nodes()
        )
        return min(sum(rooms), self._most or MOST_SEATS)

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _leave(self) -> None:
        if self._is_ours:
            self._ray.shutdown()


def _words(resources: Mapping[str, float]) -> str:
    """`2 CPUs and .25 GPUs`, of what a node has or a reading asks for."""
    return " and ".join(f"{resources.get(what, 0):g} {what}s" for what in ("CPU", "GPU"))
