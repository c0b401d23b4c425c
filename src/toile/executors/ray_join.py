"""Joining a Ray cluster, or starting one here, without Ray's words on the terminal."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.process import num_cores

SECONDS_TO_REACH = 5.0


def join_ray() -> tuple[Any, bool]:
    """Ray, connected to a cluster; and whether that was done here, and is to be undone.

    The cluster is the one RAY_ADDRESS names, or one started here for as long as Ray is connected.
    Raises ToileError where Ray is not installed, or no cluster can be joined.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with extra_packages("cluster", "--on ray"):
        import ray
    if ray.is_initialized():
        return ray, False
    address = os.environ.get("RAY_ADDRESS", "")
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    with _keep_our_sigterm():
        if not address:
            # At its port Ray asks for a token, which it keeps in ~/.ray/auth_token.
            ray.init("local", include_dashboard=False, num_cpus=num_cores(), **quiet)
            return ray, True
        _refuse_unreachable(address)
        try:
            ray.init(address, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            first = str(error).strip().partition("\n")[0]
            raise ToileError(
                f"RAY_ADDRESS is {address}, and that cluster cannot be joined: {first}"
            ) from None
    return ray, True


def refuse_no_cluster() -> None:
    """Raise ToileError where Ray is missing or no cluster answers; nothing is begun or written."""
    with extra_packages("cluster", "--on ray"):
        import ray
    address = os.environ.get("RAY_ADDRESS", "")
    if address and not ray.is_initialized():
        _refuse_unreachable(address)


def _refuse_unreachable(address: str) -> None:
    """Raise ToileError at once if the address does not answer; Ray would wait a minute."""
    if "://" in address:
        raise ToileError(
            f"RAY_ADDRESS is {address}; a study is started on a node of the cluster, with the "
            "address as host:port or auto"
        )
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), SECONDS_TO_REACH).close()
    except (OSError, ValueError) as error:
        raise ToileError(
            f"RAY_ADDRESS is {address}, where no cluster answers ({error}); start one with ray "
            "start --head, or leave RAY_ADDRESS out to have one here"
        ) from None


@contextmanager
def _keep_our_sigterm() -> Iterator[None]:
    """Restore our handler of SIGTERM, which Ray replaces when it starts."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
