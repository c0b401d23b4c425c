"""A real server in a process of its own, spoken to through raw sockets."""

import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image

from toile.service.server import serve

MAX_BYTES = 20_000_000
# The same server with less patience, so that what waits for its end need not wait long; or with
# endless patience, so that a busy machine decides nothing.
START = """
from toile.service import server
server.IDLE_SECONDS, server.BODY_SECONDS, server.STALL_SECONDS = {}
server.LEAST_BYTES_PER_SECOND = {}
from toile.cli import main
main()
"""
IMPATIENT = START.format("1, 1.5, server.STALL_SECONDS", "server.LEAST_BYTES_PER_SECOND")
PATIENT = START.format("600, 600, 600", "1")


@dataclass
class Server:
    """Where a server listens, and what it says besides."""

    process: subprocess.Popen
    port: int
    token: str
    log: Path

    @property
    def known(self) -> str:
        """The headers of one who may come in."""
        return f"Host: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def say(self, sent: bytes | str) -> bytes:
        """All that is answered until the server closes the connection."""
        with self.connect() as connection:
            connection.sendall(sent if isinstance(sent, bytes) else sent.encode())
            return all_of(connection)

    def is_ready(self) -> bool:
        head = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n"
        return self.say(head).startswith(b"HTTP/1.1 200")

    def memory_mb(self) -> float:
        """What it has in memory now."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def all_of(connection: socket.socket) -> bytes:
    """Everything up to the end; a server that refused and left may end it by a reset."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answer_of(connection: socket.socket) -> tuple[int, dict]:
    """The status and the object of one answer, leaving the connection open."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    # The next answer may have come with it.
    return int(head[9:12]), json.loads(body[:length])


def picture(height: int = 28, width: int = 28) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def posted(server: Server, body: bytes) -> bytes:
    head = f"POST /predict HTTP/1.1\r\n{server.known}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture(scope="module")
def server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from served(exported, tmp_path_factory.mktemp("server"), IMPATIENT)


@pytest.fixture(scope="module")
def patient_server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from served(exported, tmp_path_factory.mktemp("server"), PATIENT)


def served(exported: Path, folder: Path, program: str) -> Iterator[Server]:
    log = folder / "errors.txt"
    command = [sys.executable, "-c", program, "serve", str(exported), "--port=0", "--json"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    said = json.loads(process.stdout.readline())
    yield Server(process, int(said["url"].rpartition(":")[2]), said["token"], log)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=300)
    # Asked last, after all that the tests below did to it.
    assert process.returncode == 130
    assert rest + log.read_text() == ""


def test_two_pictures_are_answered_over_one_connection(server):
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(posted(server, picture()))
            status, answer = answer_of(connection)
            assert status == 200
            assert answer["abstained"] == ["nothing is drawn in it"]


def test_requests_sent_before_the_answer_to_the_first_are_answered_in_order(server):
    with server.connect() as connection:
        connection.sendall(posted(server, b"none") + posted(server, picture()))
        assert answer_of(connection)[0] == 422


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /health HTTP/1.1\r\n", b"400"),
        ("GET /health HTTP/1.0\r\n", b"403"),
        ("GET /health HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n", b"400"),
        ("GET /health HTTP/1.1\r\nHost: {own}\r\nHost: evil.com\r\n", b"400"),
        ("GET /health HTTP/1.0\r\nHost: {own}\r\nHost: {own}\r\n", b"400"),
        ("GET /health HTTP/1.1\r\nHost: evil.com\r\n", b"403"),
        ("GET http://{own}/health HTTP/1.1\r\nHost: evil.com\r\n", b"403"),
        ("GET http://evil.com/health HTTP/1.1\r\nHost: {own}\r\n", b"401"),
        ("GET //health HTTP/1.1\r\nHost: {own}\r\n", b"401"),
        ("GET /x/../health HTTP/1.1\r\nHost: {own}\r\n", b"401"),
        ("GET /health HTTP/1.1\r\nHost: {own}\r\nOrigin: http://evil.com\r\n", b"403"),
        ("GET / HTTP/1.1\r\nHost: {own}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n", b"401"),
        ("GET /health HTTP/1.1\r\nHost: {own}\r\n", b"200"),
    ],
)
def test_what_names_another_server_is_refused_before_anything_is_said(server, head, status):
    own = f"127.0.0.1:{server.port}"
    answer = server.say(head.format(own=own) + "Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"T-shirt" not in answer


@pytest.mark.parametrize(
    "path", ["//health", "/..", "/../../etc/passwd", "/x/../health", "/predict/..", "/%2e%2e", "*"]
)
def test_no_path_is_understood_as_another_one(server, path):
    with server.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\n{server.known}\r\n".encode())
        assert answer_of(connection)[0] == 404


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\0" * 1000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=range(10),
)
def test_garbage_is_refused_and_the_server_stays(server, garbage):
    assert server.say(garbage)[9:12] in (b"400", b"403", b"431")
    assert server.is_ready()


def test_a_length_of_ten_gigabytes_is_refused_at_once(server):
    head = f"POST /predict HTTP/1.1\r\n{server.known}Content-Length: 10000000000\r\n\r\n"
    answer = server.say(head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"the body has 10,000,000,000 bytes; at most 20,000,000 are taken" in answer


def test_a_body_of_unsaid_length_is_refused_where_it_passes_the_limit(server):
    head = f"POST /predict HTTP/1.1\r\n{server.known}Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with server.connect() as connection:
        connection.sendall(head.encode())
        for _ in range(MAX_BYTES // (1 << 20) + 2):
            connection.sendall(chunk)
        assert answer_of(connection)[0] == 413


def test_a_body_is_not_waited_for_where_the_token_is_wrong(server):
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 9999\r\n"
    # To the end: what is left of the body is not waited for either.
    assert server.say(head + "\r\n").startswith(b"HTTP/1.1 401")


def test_a_body_that_comes_too_slowly_is_given_up(server):
    with server.connect() as connection:
        connection.sendall(posted(server, picture())[:-5])
        assert answer_of(connection)[0] == 408


@pytest.mark.parametrize("begun", [b"", b"GET / HT"])
def test_a_head_that_does_not_end_is_given_up(server, begun):
    assert server.say(begun) == b""


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "GET /health HTTP/1.1\r\nHost: {own}\r\n\r\n",
        "POST /predict HTTP/1.1\r\nHost: {own}\r\nContent-Length: 9999\r\n\r\n",
    ],
    ids=["a first head", "a second head", "a body that was refused"],
)
def test_what_comes_a_letter_at_a_time_is_given_up(server, asked):
    with server.connect() as connection:
        if asked:
            connection.sendall(asked.format(own=f"127.0.0.1:{server.port}").encode())
            answer_of(connection)
        # It ends by the server's leaving; so many letters would take a minute and a half.
        for _ in range(900):
            readable, _, _ = select.select([connection], [], [], 0.1)
            if readable:
                break
            connection.sendall(b"G")
        assert readable
        assert all_of(connection) == b""


def test_a_thousand_silent_connections_are_closed_and_cost_little(server):
    before = server.memory_mb()
    silent = [server.connect() for _ in range(1000)]
    assert server.memory_mb() - before < 100
    for connection in silent:
        assert all_of(connection) == b""
        connection.close()
    assert server.is_ready()


def test_silent_connections_keep_nobody_out(patient_server):
    server = patient_server
    with server.connect() as known:
        known.sendall(f"GET / HTTP/1.1\r\n{server.known}\r\n".encode())
        assert answer_of(known)[0] == 200
        silent = [server.connect() for _ in range(300)]
        assert server.is_ready()
        assert (
            server.say(f"GET / HTTP/1.1\r\n{server.known}Connection: close\r\n\r\n")[9:12] == b"200"
        )
        # It has shown the token, so that others made room.
        known.sendall(f"GET / HTTP/1.1\r\n{server.known}\r\n".encode())
        assert answer_of(known)[0] == 200
    for connection in silent:
        connection.close()


def test_twenty_pictures_of_twenty_megabytes_at_once_are_refused_one_by_one_in_little_memory(
    patient_server,
):
    server = patient_server
    with server.connect() as connection:
        # What the first answer loads is not what is asked about.
        connection.sendall(posted(server, picture()))
        assert answer_of(connection)[0] == 200
    before = server.memory_mb()
    connections = [server.connect() for _ in range(20)]
    head = posted(server, bytes(MAX_BYTES))[:-MAX_BYTES]
    most = 0.0
    for connection in connections:
        connection.sendall(head)
    for connection in connections:
        connection.setblocking(False)
    left = dict.fromkeys(connections, MAX_BYTES)
    part = bytes(1 << 16)
    while left:
        _, writable, _ = select.select([], list(left), [], 20)
        for connection in writable:
            left[connection] -= connection.send(part[: left[connection]])
            if not left[connection]:
                del left[connection]
        most = max(most, server.memory_mb())
    for connection in connections:
        connection.setblocking(True)
        assert answer_of(connection)[0] == 422
        connection.close()
    assert most - before < 150


def test_a_prompt_client_is_not_called_slow_for_those_who_stall_before_it(server):
    large = posted(server, bytes(100_000))
    stalling = [server.connect() for _ in range(2)]
    for connection in stalling:
        connection.sendall(large[:-1])
    with server.connect() as prompt:
        prompt.sendall(large)
        assert [answer_of(connection)[0] for connection in stalling] == [408, 408]
        assert answer_of(prompt)[0] == 422
    for connection in stalling:
        connection.close()


def test_health_is_answered_while_a_large_picture_is_looked_at(server):
    # Made before: who connects and then takes a second to ask is given up.
    asked = posted(server, picture(5000, 5000))
    with server.connect() as connection:
        connection.sendall(asked)
        assert server.is_ready()
        answered, _, _ = select.select([connection], [], [], 0)
        assert not answered
        assert answer_of(connection)[0] == 200


def test_as_it_comes_nobody_is_waited_for_longer_than_these_seconds(model, monkeypatch):
    begun = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, _: begun.append(server.config))
    with socket.socket() as unused:
        serve(model, unused, "token", frozenset())
    (config,) = begun
    limits = config.app.body_seconds, config.app.stall_seconds, config.app.least_speed
    assert config.timeout_keep_alive == 5
    assert limits == (20, 3, 100_000)


def test_torch_is_not_loaded(server):
    assert "onnxruntime" in Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "torch" not in Path(f"/proc/{server.process.pid}/maps").read_text()
