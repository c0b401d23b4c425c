"""`toile studies`: lists studies, searches and sheets."""

import re
import shutil
import textwrap
import time
from typing import TYPE_CHECKING, Any

from toile.cli.arguments import Json
from toile.cli.remarks import remarks_json
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import table

if TYPE_CHECKING:
    from toile.workbench import CollectionStatus

MOST_LETTERS = 200
"""Most letters of a result; the first sentence, the main finding, is always shown in full."""
INDENT = "    "


def studies(as_json: Json = False) -> None:
    """List the studies, searches and sheets in $TOILE_RUNS or ./runs, newest first.

    `toile runs` does not list their readings.
    """
    from toile.runs import RunsFolder
    from toile.workbench import list_studies

    statuses = list_studies()
    if as_json:
        say_json({"studies": [_listed_json(status) for status in statuses]})
    elif statuses:
        say(_listing(statuses))
    else:
        say(
            f"no study, search or sheet in {RunsFolder().folder}; run one with  "
            "toile study s1-lab --vary network.conv1.filters=8,64"
        )


def _listed_json(status: "CollectionStatus") -> dict[str, Any]:
    return {
        "name": status.entry.name,
        "kind": status.entry.kind,
        "folder": str(status.entry.folder),
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(status.entry.when)),
        "state": status.state,
        "done": status.done,
        "planned": status.planned,
        "sentence": status.sentence,
        **remarks_json(status.entry.folder),
    }


def _listing(statuses: list["CollectionStatus"]) -> str:
    from toile.runs import shown_remarks
    from toile.workbench import COUNTED

    rows = [
        (
            status.entry.name,
            status.entry.kind,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(status.entry.when)),
            status.state,
            f"{status.done}/{status.planned} {COUNTED[status.entry.kind]}",
        )
        for status in statuses
    ]
    heads = ("name", "kind", "last", "state", "done")
    head, *lines = table(heads, rows, left=len(heads)).split("\n")
    width = shutil.get_terminal_size().columns
    output = [head]
    for line, status in zip(lines, statuses, strict=True):
        output += [line, *_wrapped(plain(status.sentence), width)]
        if words := shown_remarks(status.entry.folder).line:
            output += _wrapped(plain(words), width)
    return "\n".join(output)


def _wrapped(text: str, width: int) -> list[str]:
    """The first sentences of `text`, up to `MOST_LETTERS` letters but at least one."""
    shown, *rest = re.split(r"(?<=[.!?]) (?=[A-Z0-9])", text)
    for sentence in rest:
        if len(f"{shown} {sentence}") > MOST_LETTERS:
            break
        shown = f"{shown} {sentence}"
    # A name longer than the line is not broken, so that it can be pasted.
    return textwrap.wrap(
        shown,
        max(width, 40),
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
