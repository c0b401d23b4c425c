"""Serves the service behind its guard on a port."""

import socket

from toile.guard import Guard
from toile.listening import IDLE_SECONDS, listen
from toile.service.app import MAX_BYTES, create_app
from toile.service.model import Model

BODY_SECONDS = 20.0
# A stalled sender occupies one of the few slots for large pictures.
STALL_SECONDS = 3.0
LEAST_BYTES_PER_SECOND = 100_000.0


def serve(model: Model, listening: socket.socket, token: str, hosts: frozenset[str]) -> None:
    """Answer on `listening` until a signal ends the process."""
    listen(
        Guard(
            create_app(model),
            hosts,
            token,
            body_bytes=MAX_BYTES,
            body_seconds=BODY_SECONDS,
            stall_seconds=STALL_SECONDS,
            least_speed=LEAST_BYTES_PER_SECOND,
            open_paths=frozenset({"/health"}),
        ),
        listening,
        IDLE_SECONDS,
    )
