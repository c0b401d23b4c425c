"""Long acts (reading, downloading, describing) that go on when their page is closed."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from toile.app.computing import Computing, ProcessEnded, Question
from toile.errors import ToileError

MOST_REMEMBERED = 50


@dataclass
class LongAct:
    """One act: its progress, and at the end its result or the reason of its failure.

    `started` is when it was begun, and from its turn on when that came.
    """

    title: str
    question: Question
    status: str = "waiting"
    done: int = 0
    total: int | None = None
    unit: str = ""
    reason: str = ""
    started: float = field(default_factory=time.time)
    result: Question | None = None
    future: Future[None] | None = None

    def tell(self, done: int, total: int | None, unit: str) -> None:
        """Store the progress."""
        self.done, self.total, self.unit = done, total, unit

    @property
    def is_over(self) -> bool:
        """Whether it finished, failed or was stopped."""
        return self.status in ("finished", "failed", "stopped")


def nothing_arrived(act: LongAct) -> None:
    """Of an act that writes nothing, nothing is there when its process ends without an answer."""


class LongActs:
    """Acts by key, run one at a time in the process `computing`; the last results are stored.

    Only these acts may use that process, since a stop ends it. With `is_fresh` each act has a new
    process, so that the memory of earlier acts is not counted.
    """

    def __init__(
        self,
        computing: Computing,
        is_fresh: bool = False,
        num_remembered: int = MOST_REMEMBERED,
        arrived: Callable[[LongAct], Question | None] = nothing_arrived,
    ) -> None:
        """`arrived` finds what an act had written before its process ended without an answer."""
        self._computing, self._is_fresh = computing, is_fresh
        self._num_remembered, self._arrived = num_remembered, arrived
        self._acts: OrderedDict[str, LongAct] = OrderedDict()
        self._computed: LongAct | None = None
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def get(self, key: str) -> LongAct | None:
        """The act of `key`; None if none was begun, or it is over and no longer stored."""
        return self._acts.get(key)

    def remembered(self) -> dict[str, LongAct]:
        """The acts by their keys, under way or over, the last to be begun first."""
        with self._lock:
            return dict(reversed(self._acts.items()))

    def unfinished(self, prefix: str) -> dict[str, LongAct]:
        """Running and failed acts, the last first, by the rest of their key after `prefix`."""
        with self._lock:
            acts = list(reversed(self._acts.items()))
        return {
            key.removeprefix(prefix): act
            for key, act in acts
            if key.startswith(prefix) and act.status not in ("finished", "stopped")
        }

    def begin(self, key: str, title: str, question: Question) -> LongAct:
        """Begin an act, or return the one that is running already."""
        with self._lock:
            act = self._acts.get(key)
            if act is not None and not act.is_over:
                return act
            act = self._acts[key] = LongAct(title, question)
            self._acts.move_to_end(key)
            for old in [k for k, past in self._acts.items() if past.is_over][
                : -self._num_remembered
            ]:
                del self._acts[old]
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "long-acts")
            act.future = self._pool.submit(self._perform, act, question)
        return act

    def wait(self, key: str, seconds: float) -> None:
        """Wait until an act is over, at most `seconds`."""
        with self._lock:
            act = self._acts.get(key)
        if act is not None and act.future is not None:
            wait([act.future], seconds)

    def ask(self, key: str, title: str, question: Question, seconds: float) -> LongAct:
        """Wait at most `seconds` for the act and return it; a result is returned only once.

        The act is begun if there is none, if its result was returned already, or if it was stopped.
        """
        act = self.get(key)
        if act is None or act.status == "stopped":
            act = self.begin(key, title, question)
        self.wait(key, seconds)
        self.forget(key)
        return act

    def stop(self, key: str) -> None:
        """Stop a running act; what it wrote so far is not used."""
        with self._lock:
            act = self._acts.get(key)
            if act is None or act.is_over:
                return
            act.status = "stopped"
            if act.future is not None:
                act.future.cancel()
            if act is self._computed:
                self._computing.interrupt()

    def stop_all(self, prefix: str = "") -> None:
        """Stop the acts whose keys begin with `prefix`, the last begun first."""
        for key in reversed(list(self._acts)):
            if key.startswith(prefix):
                self.stop(key)

    def forget(self, key: str) -> bool:
        """Forget the result of an act, and whether there was one; a running act goes on."""
        with self._lock:
            is_forgotten = key in self._acts and self._acts[key].is_over
            if is_forgotten:
                del self._acts[key]
        return is_forgotten

    def end(self) -> None:
        """Stop all acts and the thread."""
        self.stop_all()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _perform(self, act: LongAct, question: Question) -> None:
        def is_stopped() -> bool:
            # Set only when its turn has come: earlier, a stop would end another act's process.
            with self._lock:
                if not act.is_over:
                    act.status, act.started, self._computed = "working", time.time(), act
                return act.is_over

        try:
            result = self._computing.ask(question, tell=act.tell, is_stopped=is_stopped)
            self._end(act, result)
        except ProcessEnded as error:
            self._end(act, self._arrived_result(act), str(error))
        except ToileError as error:
            self._end(act, None, str(error))
        if self._is_fresh:
            self._computing.end()

    def _arrived_result(self, act: LongAct) -> Question | None:
        """The result of an act that its process had written before it ended; None without one."""
        try:
            return self._arrived(act)
        except (ToileError, OSError):
            return None  # What is damaged there says so where it is read.

    def _end(self, act: LongAct, result: Question | None, reason: str = "") -> None:
        with self._lock:
            self._computed = None
            if result is not None:
                # Also if it was stopped meanwhile, since its files are written.
                act.result, act.status = result, "finished"
            elif not act.is_over:
                act.status, act.reason = "failed", reason
