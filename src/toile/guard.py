"""The door of a server on this machine: who may come in, how much they may bring, what goes out.

Any web page can send requests to 127.0.0.1, and under DNS rebinding even read the answers; then the
Host header alone still names the attacker. So Host is held against a list, Origin against Host, and
every request needs a token that no page knows. A header carries it and never a cookie, which a
browser would send for any page. Plain ASGI: it stands in front of any framework's app.
"""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from toile.errors import ToileError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = dict[bytes, list[bytes]]
Refusal = tuple[int, str]

KNOWN = "toile.known"
"""What a request's scope is told: whether it showed the token."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
READS = ("GET", "HEAD")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def host_headers(
    port: int, allowed: Iterable[str] = (), address: str = LOOPBACK[0]
) -> frozenset[str]:
    """Every Host header that means this server: loopback and `address` at `port`, and `allowed`.

    A name allowed without a port goes with `port` and, as a proxy in front sends it, without one.
    `address` is written as in a URL. Raises ToileError for what is no name.
    """
    local_hosts = {*LOOPBACK, address}
    hosts = {f"{name}:{port}" for name in local_hosts}
    for name in (text.lower() for text in allowed):
        match = HOST.fullmatch(name)
        if match is None:
            raise ToileError(
                f"--allow-host is {name!r:.80}; it is a name or an address with or without a port, "
                "as in toile.example.org or 192.168.1.5:8000"
            )
        hosts |= {name} if match[2] else {name, f"{name}:{port}"}
    # The port that browsers leave out.
    return frozenset(hosts | (local_hosts if port == 80 else set()))


@dataclass(frozen=True)
class Guard:
    """An ASGI app behind its door. What is refused is answered with {"error": sentence}.

    `hosts` are the Host headers let in; GET and HEAD of the `open_paths` need no token. A body has
    at most `body_bytes`, and `body_seconds` to arrive from when the app first asks for it; it comes
    at `least_speed` bytes a second or more, but for pauses of up to `stall_seconds`. Paths that
    begin with a key of `larger` have its bytes and seconds in place of those.
    `policy` is the Content-Security-Policy.
    """

    app: App
    hosts: frozenset[str]
    # Not in the repr, which a log may come to hold.
    token: str = field(repr=False)
    body_bytes: int
    body_seconds: float
    stall_seconds: float
    least_speed: float
    open_paths: Container[object] = frozenset()
    policy: str = NO_PAGE
    larger: Mapping[str, tuple[int, float]] = field(default_factory=dict)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            # No door of Toile has one, and a browser lets any page open one.
            await send({"type": "websocket.close", "code": 4403})
        else:
            visit = Visit(self, self._limits(scope), receive, send)
            refusal = self._refusal(scope)
            scope[KNOWN] = refusal is None and not self._is_open(scope)
            if refusal is None:
                await self.app(scope, visit.receive, visit.send)
            else:
                await visit.refuse(*refusal)

    def _refusal(self, scope: Message) -> Refusal | None:
        headers: Headers = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        read = scope["method"] in READS
        return (
            self._foreign_host(headers)
            or _foreign_origin(headers, read)
            or self._unknown(headers, self._is_open(scope))
            or self._too_large(scope, int(headers.get(b"content-length", [b"0"])[0]))
        )

    def _limits(self, scope: Message) -> tuple[int, float]:
        """How many bytes a body has at most, and the seconds it has to arrive in."""
        usual = (self.body_bytes, self.body_seconds)
        path = scope["path"]
        return next((self.larger[key] for key in self.larger if path.startswith(key)), usual)

    def _is_open(self, scope: Message) -> bool:
        return scope["method"] in READS and scope["path"] in self.open_paths

    def _foreign_host(self, headers: Headers) -> Refusal | None:
        hosts = headers.get(b"host", [])
        if len(hosts) != 1:
            return 403, f"Host is given {len(hosts)} times; it names this server once"
        host = hosts[0].decode("latin-1").lower()
        if host not in self.hosts:
            return 403, (
                f"Host is {host!r:.80}, which is not this server; open it as it said when it "
                "started, or start it with --allow-host"
            )
        return None

    def _unknown(self, headers: Headers, is_open: bool) -> Refusal | None:
        if is_open:
            return None
        shown = list(headers.get(b"x-toile-token", []))
        for value in headers.get(b"authorization", []):
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer":
                shown.append(token)
        # Compared in a time that tells nothing of how much of it is right.
        if any(hmac.compare_digest(token, self.token.encode()) for token in shown):
            return None
        return 401, "the token is missing or wrong; send it as Authorization: Bearer TOKEN"

    def _too_large(self, scope: Message, num_bytes: int) -> Refusal | None:
        most, _ = self._limits(scope)
        if num_bytes > most:
            return 413, f"the body has {num_bytes:,} bytes; at most {most:,} are taken"
        return None


def _foreign_origin(headers: Headers, read: bool) -> Refusal | None:
    """Refuses the pages of other sites; one without an origin, as in a sandbox, may only read."""
    origins = [origin.decode("latin-1").lower() for origin in headers.get(b"origin", [])]
    host = headers[b"host"][0].decode("latin-1").lower()
    allowed = {f"http://{host}", f"https://{host}"} | ({"null"} if read else set())
    if len(origins) <= 1 and allowed.issuperset(origins):
        return None
    return 403, f"Origin is {', '.join(origins)!r:.80}; pages of other sites are refused"


class Visit:
    """One request: its body is counted and timed, its answer gets the guard's headers."""

    def __init__(
        self, guard: Guard, limits: tuple[int, float], receive: Receive, send: Send
    ) -> None:
        self._guard, self._receive, self._send = guard, receive, send
        self._most, self._seconds = limits
        self._deadline: float | None = None
        self._due = 0.0
        self._num_bytes = 0
        self._all_here = False
        self._answered = False
        self._refused = False

    async def receive(self) -> Message:
        """The next part of the body. What is too large or too slow ends as a disconnection."""
        if self._all_here:
            return await self._receive()
        guard, clock = self._guard, asyncio.get_running_loop().time
        if self._deadline is None:
            # Not before: until the app reads, a client that is prompt cannot send.
            self._deadline = clock() + self._seconds
            self._due = clock() + guard.stall_seconds
        try:
            async with asyncio.timeout_at(min(self._deadline, self._due)):
                message = await self._receive()
        except TimeoutError:
            return await self.refuse(
                408,
                f"the body came too slowly: it takes at most {self._seconds:g} seconds, and "
                f"brings {guard.least_speed:,.0f} bytes in each",
            )
        num_bytes = len(message.get("body", b""))
        self._num_bytes += num_bytes
        # What comes fast earns no more than one pause.
        self._due = min(self._due + num_bytes / guard.least_speed, clock() + guard.stall_seconds)
        self._all_here = not message.get("more_body", False)
        if self._num_bytes > self._most:
            return await self.refuse(413, f"the body has more than {self._most:,} bytes")
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless the request has been refused meanwhile."""
        if self._refused:
            return
        self._answered = True
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            added = [header for header in self._headers() if header[0] not in present]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    async def refuse(self, status: int, sentence: str) -> Message:
        """Answer with an error, unless an answer has begun; nothing more is read or sent."""
        if not self._answered:
            body = json.dumps({"error": sentence}).encode()
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ]
            if status == 401:
                headers.append((b"www-authenticate", b"Bearer"))
            await self.send({"type": "http.response.start", "status": status, "headers": headers})
            await self.send({"type": "http.response.body", "body": body})
        self._refused = True
        return {"type": "http.disconnect"}

    def _headers(self) -> list[tuple[bytes, bytes]]:
        """What every answer carries unless it says otherwise itself; nothing of CORS."""
        return [
            (b"content-security-policy", self._guard.policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
