"""What the system refuses whatever the command is, in words."""

import errno

from toile.cli.terminal import plain

SHOWN = 40


def refusal_words(error: OSError) -> str | None:
    """What to say of `error`; None where it is no user's to put right, and so a fault of ours."""
    if error.errno == errno.ENAMETOOLONG:
        name = plain(str(error.filename))
        shown = name if len(name) <= SHOWN else f"{name[:SHOWN]}..."
        return (
            f"{shown} has {len(name)} letters, which is more than this system allows in a path; a "
            "folder's or file's name has at most 255"
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            "this process may not open as many files as it needs; allow it more, as in "
            "ulimit -n 1024, and give the command again"
        )
    return None
