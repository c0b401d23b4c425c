"""Settings of a process that trains, for doors and workers; importing toile changes nothing.

They are made by the command line when it starts, and in Python by the first training.
"""

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def prepare_process() -> list[str]:
    """Make this process a good place to train in. To be called before torch is imported.

    Returns a sentence for each variable of the environment that it had to drop.

    Threads wait without spinning: on shared cores torch's default, two spinning threads, measured
    5 times slower. And glibc keeps big blocks instead of giving them back to the system at every
    step: an epoch of s0-cnn went from 35 to 20 s (two Zen 5 cores, torch 2.13).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    notes = [
        f"{name}={os.environ.pop(name)} is left out of account: where it gives torch fewer threads "
        "than it asks for, torch waits for the others without end; training.threads sets how many"
        for name in thread_limits()
    ]
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return notes  # not glibc
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, (2 << 30) - 1)
    return notes


def thread_limits() -> list[str]:
    """The variables here by which torch may get fewer threads than it asks for."""
    adjusts = os.environ.get("OMP_DYNAMIC", "").strip().lower() in {"true", "1"}
    limits = "OMP_THREAD_LIMIT" in os.environ
    return ["OMP_DYNAMIC"] * adjusts + ["OMP_THREAD_LIMIT"] * limits


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def first_interrupt_asks() -> Iterator[Callable[[], bool]]:
    """Let a first Ctrl-C ask to stop, as the work inside can see, and be answered after it.

    A second one is answered at once. A notebook's stop button is a Ctrl-C.
    """
    before = signal.getsignal(signal.SIGINT)
    # Signals are answered in the main thread alone; a handler that is no function answers none.
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield lambda: False
        return
    came: list[tuple[int, FrameType | None]] = []

    def receive(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        if len(came) > 1:
            signal.signal(signal.SIGINT, before)
            before(number, frame)

    signal.signal(signal.SIGINT, receive)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(*came[0])


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Let the work inside come to its end; a Ctrl-C that comes meanwhile is answered after it."""
    before = signal.getsignal(signal.SIGINT)
    # Signals are answered in the main thread alone; a handler that is no function answers none.
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(*came[0])
