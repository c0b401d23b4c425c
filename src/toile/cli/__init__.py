"""The command line: reads words, calls the workbench, shows. One thin module for each subject.

What a command needs is imported inside it, so that `toile --help` answers at once.
"""

import sys

from toile.errors import ToileError
from toile.process import prepare_process


def main() -> None:
    """Run `toile`. Exit codes: 0 done, 2 the user's error, 3 diverged, 130 stopped."""
    # Before anything imports torch: its thread pool reads the environment once.
    prepare_process()
    try:
        from toile.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except ToileError as error:
        sys.stderr.write(f"toile: {error}\n")
        # What click itself ends with on a word it does not know.
        sys.exit(2)
