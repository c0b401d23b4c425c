"""What takes a while and goes on without the page that began it: reading, fetching, describing."""

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from toile.app.computing import Computing, Question
from toile.errors import ToileError

MOST_REMEMBERED = 50


@dataclass
class LongAct:
    """One that was begun: how far it is, and in the end its result, or the reason for none."""

    title: str
    question: Question
    status: str = "waiting"
    done: int = 0
    total: int | None = None
    unit: str = ""
    reason: str = ""
    started: float = field(default_factory=time.time)
    result: Question | None = None

    def tell(self, done: int, total: int | None, unit: str) -> None:
        """Note how far it is."""
        self.done, self.total, self.unit = done, total, unit

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in ("finished", "failed", "stopped")


class LongActs:
    """Acts by a key, one at a time, each in the process `computing`; results stay a while.

    With `is_fresh` each has a new process, so that no other's memory counts as its own.
    """

    def __init__(self, computing: Computing, is_fresh: bool = False) -> None:
        self._computing, self._is_fresh = computing, is_fresh
        self._acts: OrderedDict[str, LongAct] = OrderedDict()
        self._futures: dict[str, Future[None]] = {}
        self._computed: LongAct | None = None
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def look(self, key: str) -> LongAct | None:
        """How the act stands; None where none was begun, or it is long over."""
        return self._acts.get(key)

    def unfinished(self, prefix: str) -> dict[str, LongAct]:
        """The acts under way or failed whose keys begin so, by what follows, the last first."""
        with self._lock:
            acts = list(reversed(self._acts.items()))
        return {
            key.removeprefix(prefix): act
            for key, act in acts
            if key.startswith(prefix) and act.status not in ("finished", "stopped")
        }

    def begin(self, key: str, title: str, question: Question) -> LongAct:
        """Begin an act, or give the one that is under way."""
        with self._lock:
            act = self._acts.get(key)
            if act is not None and not act.is_over:
                return act
            act = self._acts[key] = LongAct(title, question)
            self._acts.move_to_end(key)
            for old in [k for k, past in self._acts.items() if past.is_over][:-MOST_REMEMBERED]:
                del self._acts[old]
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "long-acts")
            self._futures[key] = self._pool.submit(self._perform, act, question)
        return act

    def wait(self, key: str, seconds: float) -> None:
        """Wait until an act is over, for so long at most."""
        with self._lock:
            future = self._futures.get(key)
        if future is not None:
            wait([future], seconds)

    def stop(self, key: str) -> None:
        """Stop an act that is under way; what it wrote in part is not kept."""
        with self._lock:
            act = self._acts.get(key)
            if act is None or act.is_over:
                return
            act.status = "stopped"
            self._futures[key].cancel()
            if act is self._computed:
                self._computing.interrupt()

    def forget(self, key: str) -> None:
        """Forget what came of an act; one that is under way goes on."""
        with self._lock:
            if key in self._acts and self._acts[key].is_over:
                del self._acts[key]

    def end(self) -> None:
        """End them all."""
        for key in list(self._acts):
            self.stop(key)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _perform(self, act: LongAct, question: Question) -> None:
        with self._lock:
            if act.is_over:
                return
            act.status, self._computed = "working", act
        try:
            result: dict[str, Any] = self._computing.ask(
                question, tell=act.tell, is_stopped=lambda: act.is_over, is_limited=False
            )
        except ToileError as error:
            with self._lock:
                self._computed = None
                if not act.is_over:
                    act.status, act.reason = "failed", str(error)
        else:
            with self._lock:
                self._computed = None
                # Even where it was stopped meanwhile: what it wrote is there.
                act.result, act.status = result, "finished"
        if self._is_fresh:
            self._computing.end()
