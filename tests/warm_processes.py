"""Processes of Toile that begin with torch loaded, which is most of what a short one does.

A server imports what they import. It forks a process for each `python -m toile...` that a test, or
what it tests, begins by `subprocess.Popen`: a child of who began it, with pipes, signals and exit
codes as any, and with a server of its own for the processes that it begins. Tests of what a process
imports ask for `cold_processes`.
"""

import ctypes
import fcntl
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

WARM = (
    "toile.cli",
    "toile.app.computing_process",
    "toile.engine.parallel.worker",
    "toile.executors.worker",
    "toile.searches.trial_worker",
)
"""The modules that run in a forked process."""
PRELOADED = (
    "toile.app.computing_process",
    "toile.engine.parallel.worker",
    "toile.executors.train_task",
    "toile.library",
    "toile.workbench",
)
PYTHON = sys.executable
"""Tests may put a program of theirs in its place."""
HIGH = 512
"""A message's descriptors are numbered from here on until they get the numbers of the request."""
MESSAGE_BYTES, MOST_DESCRIPTORS = 1 << 17, 64
PR_SET_CHILD_SUBREAPER = 36


class WarmPopen(subprocess.Popen):
    """A `Popen` that has `server` fork the process where it can."""

    server: ClassVar[socket.socket]
    lock: ClassVar[threading.Lock] = threading.Lock()

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *more):
        environment = dict(os.environ if env is None else env)
        module, arguments = module_of(args)
        is_halted_at_import = bool(environment.get("HALTING_IMPORT"))
        if module not in WARM or preexec_fn is not None or is_halted_at_import:
            super()._execute_child(
                args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *more
            )
            return
        pipes, starts_session = more[3:9], more[-2]
        # A stream that gets no pipe is the one of this process.
        ends = enumerate((pipes[0], pipes[3], pipes[5]))
        streams = [number if end == -1 else end for number, end in ends]
        request = {
            "module": module,
            "arguments": arguments,
            "folder": os.fspath(cwd) if cwd else os.getcwd(),
            "environment": environment,
            "blocked": [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
            "starts_session": starts_session,
            "descriptors": [0, 1, 2, *pass_fds],
        }
        with self.lock:
            self.pid = fork_there(self.server, request, [*streams, *pass_fds])
        self._child_created = True
        self._close_pipe_fds(*pipes)


def module_of(command: Any) -> tuple[str, list[str]]:
    """The module that a command of this Python runs, and its arguments; "" where it runs none."""
    match command:
        case [python, "-P", "-m", module, *arguments] | [python, "-m", module, *arguments]:
            if python == PYTHON:
                return module, [os.fspath(word) for word in arguments]
    return "", []


def fork_there(server: socket.socket, request: dict[str, Any], descriptors: list[int]) -> int:
    """The id of the process that `server` forks: a child of this one."""
    become_parent_of_orphans(True)
    try:
        socket.send_fds(server, [json.dumps(request).encode()], descriptors)
        return int(server.recv(MESSAGE_BYTES))
    finally:
        become_parent_of_orphans(False)


def become_parent_of_orphans(is_parent: bool) -> None:
    """Whether processes below this one become its children when their parents end."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(is_parent), 0, 0, 0)


@contextmanager
def warm_server() -> Iterator[socket.socket]:
    """The connection to a server of this process."""
    asks, answers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-P", __file__, str(answers.fileno())]
    # OpenMP reads this as torch is imported.
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    with subprocess.Popen(command, pass_fds=[answers.fileno()], env=environment), asks:
        answers.close()
        yield asks


def serve(connection: socket.socket) -> dict[str, Any]:
    """Fork a process for each request. Returns in those processes, each with its request."""
    # A signal that comes before a process is ready waits until it is.
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, MOST_DESCRIPTORS)
        if not message:
            os._exit(0)
        request = json.loads(message)
        (hears, says), (waits, goes) = os.pipe(), os.pipe()
        # When the process between them ends, the lower one becomes a child of who asked.
        if (between := os.fork()) == 0:
            if (pid := os.fork()) == 0:
                os.close(goes)
                os.read(waits, 1)
                # Its number is soon another's, and must not be closed with the object.
                connection.detach()
                return become(request, descriptors)
            os.write(says, str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        connection.send(os.read(hears, 20))
        for number in (hears, says, waits, goes, *descriptors):
            os.close(number)


def become(request: dict[str, Any], descriptors: Sequence[int]) -> dict[str, Any]:
    """Make this the process of the request, which is returned, with a server for what it begins.

    Returns in the processes of that server too, each with its request.
    """
    high = [fcntl.fcntl(number, fcntl.F_DUPFD, HIGH) for number in descriptors]
    os.closerange(3, HIGH)
    if request["starts_session"]:
        os.setsid()
    asks, answers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        asks.close()
        for number in high:
            os.close(number)
        return serve(answers)
    WarmPopen.server = socket.socket(fileno=fcntl.fcntl(asks, fcntl.F_DUPFD_CLOEXEC, HIGH))
    subprocess.Popen = WarmPopen
    for each in (asks, answers):
        each.close()
    for number, wanted in zip(high, request["descriptors"], strict=True):
        os.dup2(number, wanted)
        os.close(number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.pthread_sigmask(signal.SIG_SETMASK, request["blocked"])
    return request


def run(request: dict[str, Any]) -> None:
    """Run the module as `python -m` does."""
    # Python itself keeps the second of each pair, for code that puts another in place of the first.
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", 1 if os.isatty(1) else -1, closefd=False)
    errors = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    sys.stderr = sys.__stderr__ = errors
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if (Path(folder) / "sitecustomize.py").exists():
            sys.path.insert(0, folder)
            sys.modules.pop("sitecustomize", None)
            importlib.import_module("sitecustomize")
    module = request["module"]
    # Else runpy warns that it is imported already.
    if not hasattr(sys.modules.get(module), "__path__"):
        sys.modules.pop(module, None)
    sys.argv = [module, *request["arguments"]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    run(serve(socket.socket(fileno=int(sys.argv[1]))))
