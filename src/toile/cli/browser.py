"""`toile app`: the browser app of a workspace."""

import secrets
import signal
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from toile.cli.signals import STOPPED
from toile.cli.terminal import plain, say, tell

# A fixed port, so that a bookmark works after a restart.
PORT = 8600


def app(
    workspace: Annotated[
        Path | None,
        typer.Argument(help="The folder of the runs; $TOILE_RUNS or ./runs by default."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help=f"{PORT} by default, or a free port; 0 means any free port."
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the app in the browser.")
    ] = True,
) -> None:
    """Open the workspace in the browser: build, train, compare runs, try pictures.

    Only this machine can reach it. When it ends, trainings go on, and the next start shows them.
    """
    from toile.app import AppDoor, Session, serve_app
    from toile.errors import ToileError
    from toile.guard import host_headers
    from toile.listening import open_port
    from toile.runs import runs_folder

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = runs_folder() if workspace is None else workspace
    door = AppDoor(folder.absolute())
    with door.held():
        try:
            listening = open_port("127.0.0.1", PORT if port is None else port)
        except ToileError:
            if port is not None:
                raise
            listening = open_port("127.0.0.1", 0)
        with listening:
            number = listening.getsockname()[1]
            token = secrets.token_urlsafe(32)
            # Behind the #, the part of an address that a browser does not send.
            url = f"http://127.0.0.1:{number}/#token={token}"
            door.say_where(url)
            say(plain(f"the workspace {folder} is open at"))
            say(url)
            if browser and not webbrowser.open(url):
                tell("note: no browser could be opened; open this address in a browser yourself")
            tell("Ctrl-C ends the app; trainings go on")
            serve_app(Session.of(folder.absolute()), listening, token, host_headers(number))
    raise typer.Exit(STOPPED)
