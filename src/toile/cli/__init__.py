"""The command line: parses arguments, calls the workbench, prints. A thin module for each subject.

A command imports what it needs inside its function, so that `toile --help` is quick.
"""

import os
import sys

from toile.errors import ToileError
from toile.posix import refuse_windows
from toile.process import prepare_process


def main() -> None:
    """Run `toile`. Exit codes: 0 success, 2 the user's error, 3 diverged, 130 stopped."""
    try:
        refuse_windows()
    except ToileError as error:
        # Without `say`: the packages that it imports may not load there.
        sys.stderr.write(f"toile: {error}\n")
        sys.exit(2)
    try:
        # Before anything imports torch, whose thread pool reads the environment once.
        notes = prepare_process()
        if "_TOILE_COMPLETE" not in os.environ:
            sys.stderr.writelines(f"note: {note}\n" for note in notes)
        sys.exit(_run())
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        from toile.cli.refusals import refusal_words
        from toile.cli.terminal import say

        message = refusal_words(error)
        if message is None:
            raise
        say(f"toile: {message}", err=True)
        sys.exit(2)
    except ToileError as error:
        import traceback

        from toile.cli.terminal import say, volume

        if volume.verbose:
            traceback.print_exc()
        say(f"toile: {error}", err=True)
        # The exit code of click for a usage error.
        sys.exit(2)
    except Exception as error:
        # torch.export makes an error of its own of what ends it, and asks to be told of it.
        if not _is_stop(error):
            raise
        sys.exit(130)


def _is_stop(error: BaseException | None) -> bool:
    """Whether `error` came of Ctrl-C or SIGTERM."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _run() -> int:
    """Run the typed command; usage errors of click are printed by `say` too."""
    import typer

    from toile.cli.app import app
    from toile.cli.refusals import UsageRefused, usage_words
    from toile.cli.terminal import say, volume

    volume.quiet = volume.verbose = False
    try:
        # The same name in `python -m toile`, in its help and in completion.
        code = app(prog_name="toile", standalone_mode=False)
    except UsageRefused as error:
        say(usage_words(error, sys.argv[1:]), err=True)
        return int(error.exit_code)
    except typer.Abort:
        say("Aborted!", err=True)
        return 1
    return code if isinstance(code, int) else 0
