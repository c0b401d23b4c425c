"""`toile app`: the browser app of a workspace."""

import secrets
import signal
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from toile.cli.signals import STOPPED
from toile.cli.terminal import plain, say, tell

# Fixed, so that a bookmarked page is found again after a restart.
PORT = 8600


def app(
    workspace: Annotated[
        Path | None,
        typer.Argument(help="The folder that runs are kept in; $TOILE_RUNS or ./runs by default."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help=f"{PORT} by default, or a free one; 0 takes a free one."
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
    ] = True,
) -> None:
    """Open the workspace in the browser: build, train, compare runs, try pictures.

    It answers this machine alone. Trainings go on when it ends; it finds them again.
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
            # Behind the #, which a browser sends nowhere.
            url = f"http://127.0.0.1:{number}/#token={token}"
            door.say_where(url)
            say(plain(f"the workspace {folder} is open at"))
            say(url)
            if browser and not webbrowser.open(url):
                tell("note: no browser could be opened; open that address in one")
            tell("Ctrl-C ends it; trainings go on")
            serve_app(Session.of(folder.absolute()), listening, token, host_headers(number))
    raise typer.Exit(STOPPED)
