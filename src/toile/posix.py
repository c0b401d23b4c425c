"""The systems that Toile runs on."""

import sys

from toile.errors import ToileError


def refuse_windows() -> None:
    """Raises ToileError on Windows.

    There folders cannot be fsynced, locks do not go with their process, and signals are others: a
    run would not survive what Toile promises it survives.
    """
    if sys.platform == "win32":
        raise ToileError(
            "Toile runs on Linux and other POSIX systems, and this is Windows; run it in WSL, the "
            "Windows Subsystem for Linux"
        )
