"""Settings of a process that trains, for doors and workers; importing toile changes nothing."""

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def prepare_process() -> None:
    """Make this process a good place to train in. To be called before torch is imported.

    Threads wait without spinning: on shared cores torch's default, two spinning threads, measured
    5 times slower. And glibc keeps big blocks instead of giving them back to the system at every
    step: an epoch of s0-cnn went from 35 to 20 s (two Zen 5 cores, torch 2.13).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return  # not glibc
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, (2 << 30) - 1)


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
