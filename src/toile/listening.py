"""A port and its connections, which cannot be held open for nothing; a guard stands behind."""

import asyncio
import ipaddress
import socket

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from toile.errors import ToileError
from toile.guard import KNOWN, App

IDLE_SECONDS = 5
MOST_CONNECTIONS = 256


def is_loopback(host: str) -> bool:
    """Whether `host` is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_port(host: str, port: int) -> socket.socket:
    """A socket listening at `host` and `port`, where 0 is any free one.

    Raises ToileError where that is not to be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # Python adds the address, which stands here already.
        reason = str(error.strerror).partition(" (")[0]
        raise ToileError(
            f"--host {host} --port {port}: {reason}; --port 0 takes a free port"
        ) from None


def listen(app: App, listening: socket.socket, idle_seconds: int = IDLE_SECONDS) -> None:
    """Answer on `listening` until a signal comes, which then takes its usual course.

    Who owes a request's head, or the rest of a refused body, is waited for `idle_seconds`.
    """
    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        # A log of requests would only be a place for secrets to end up in.
        access_log=False,
        log_config=None,
        log_level="error",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=idle_seconds,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run([listening])


class PromptProtocol(H11Protocol):
    """HTTP that ends connections whose client is behind with what it owes.

    uvicorn itself waits for ever for a request's head, and for the rest of a body that was refused.
    Where there are too many, one that waits makes room: of those that have not shown the token the
    oldest, so that they keep nobody out.
    """

    _patience: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come; it has not asked yet."""
        super().connection_made(transport)
        # asyncio leaves this out for a socket it did not open; an answer's second packet then
        # waited 40 ms for the first one's acknowledgement.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait_for_a_head()
        self._since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            self._drop_idlest()

    def _wait_for_a_head(self) -> None:
        self._patience = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _drop_idlest(self) -> None:
        idle = [
            connection
            for connection in self._all()
            if connection is not self and not connection.is_answering
        ]
        leaving = min(
            idle, key=lambda connection: (connection.is_known, connection._since), default=self
        )
        # At once: the transport tells of its end only later, and meanwhile others may come.
        self.connections.discard(leaving)
        leaving.transport.abort()

    def _all(self) -> list["PromptProtocol"]:
        return [
            connection for connection in self.connections if isinstance(connection, PromptProtocol)
        ]

    @property
    def is_answering(self) -> bool:
        """Whether a request has come that is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def is_known(self) -> bool:
        """Whether the last request showed the token."""
        return self.cycle is not None and bool(self.cycle.scope.get(KNOWN))

    def data_received(self, data: bytes) -> None:
        """Something came: the end of waiting only where a whole head is there to be answered."""
        super().data_received(data)
        if self.is_answering and self._patience is not None:
            self._patience.cancel()
            self._patience = None
        elif not self.is_answering and self._patience is None:
            self._wait_for_a_head()

    def shutdown(self) -> None:
        """The server ends: what has arrived is answered, what is arriving is not waited for."""
        super().shutdown()
        if self.cycle is not None and self.cycle.more_body:
            self.transport.close()
