"""`toile serve`: a run's network over HTTP."""

import os
import secrets
import shlex
import signal
from pathlib import Path
from typing import Annotated, Literal

import typer

from toile.cli.signals import STOPPED
from toile.cli.terminal import plain, say, say_json
from toile.errors import ToileError


def serve(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN|FILE.onnx", help="A run, or a file of toile export."),
    ],
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 means any free port.")] = 8000,
    weights: Annotated[
        Literal["last", "best"] | None, typer.Option(help="For a run; last by default.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A host name by which others reach this; repeatable."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the token to this new file, readable only by you."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the address as one JSON object.")
    ] = False,
) -> None:
    """Predict pictures over HTTP with a run's network, by ONNX Runtime on one thread."""
    from toile.cli.progress import data_progress
    from toile.guard import host_headers

    if not run.endswith(".onnx"):
        from toile.runs import open_run

        open_run(run)
    from toile.listening import is_loopback, open_port
    from toile.service import open_model
    from toile.service import serve as answer_requests

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _refuse_open_house(host, is_loopback(host), allow_host or [])
    with open_port(host, port) as listening:
        address, port = listening.getsockname()[:2]
        reached = _reached(address)
        hosts = host_headers(port, allow_host or (), reached)
        with data_progress() as progress:
            model = open_model(run, weights, progress)
        for doubt in model.classifier.seal.doubts:
            say(plain(f"warning: for every predicted picture, {doubt}"), err=True)
        token = secrets.token_urlsafe(32)
        if token_file is not None:
            _write_token(token_file, token)
        url = f"http://{reached}:{port}"
        if as_json:
            access = {"token": token} if token_file is None else {"token_file": str(token_file)}
            say_json({"url": url, **access, **model.card.model_dump()})
        else:
            shown = token if token_file is None else f"$(cat {shlex.quote(str(token_file))})"
            for line in (
                f"{model.card.run}, {model.card.weights} weights, answers at {url}",
                f"token  {token_file or token}",
                f'curl -H "Authorization: Bearer {shown}" --data-binary @picture.png {url}/predict',
            ):
                say(plain(line))
        answer_requests(model, listening, token, hosts)
    raise typer.Exit(STOPPED)


def _refuse_open_house(host: str, is_local: bool, allowed: list[str]) -> None:
    """Refuse a host that others can reach without a list of names; warn of it with one."""
    if is_local:
        return
    if not allowed:
        raise ToileError(
            f"--host {host} can be reached from other machines; name its host names with "
            "--allow-host NAME, or leave --host out"
        )
    say(
        f"warning: --host {host} lets other machines connect, and what they send, including the "
        "token, is not encrypted; put an HTTPS proxy in front of it",
        err=True,
    )


def _reached(address: str) -> str:
    """The host in the URL by which this machine reaches the server."""
    # A browser cannot open the wildcard addresses.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    return f"[{address}]" if ":" in address else address


def _write_token(file: Path, token: str) -> None:
    """Write the token to a new file that only its owner can read."""
    try:
        # O_EXCL: never over another file, never through a link.
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(token)
    except FileExistsError:
        raise ToileError(
            f"--token-file {file} is there already and is not overwritten; name a new file, or "
            "remove this one"
        ) from None
    except OSError as error:
        raise ToileError(f"--token-file {file}: {error.strerror}; name another file") from None
