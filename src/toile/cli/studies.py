"""`toile studies`: what was compared, searched and taken before."""

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
    from toile.workbench import Standing

MOST_SAID = 200
"""Letters of what came of one; the first sentence, which is the finding, is shown whole."""
INDENT = "    "


def studies(as_json: Json = False) -> None:
    """List studies, searches and sheets, newest first, from $TOILE_RUNS or ./runs.

    Their readings are no rows of `toile runs`.
    """
    from toile.runs import Workspace
    from toile.workbench import list_studies

    found = list_studies()
    if as_json:
        say_json({"studies": [_listed_json(one) for one in found]})
    elif found:
        say(_listing(found))
    else:
        say(
            f"no study, search or sheet in {Workspace().folder}; take one with  "
            "toile study s1-lab --vary network.conv1.filters=8,64"
        )


def _listed_json(one: "Standing") -> dict[str, Any]:
    return {
        "name": one.kept.name,
        "kind": one.kept.kind,
        "folder": str(one.kept.folder),
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(one.kept.when)),
        "state": one.state,
        "done": one.done,
        "planned": one.planned,
        "sentence": one.sentence,
        **remarks_json(one.kept.folder),
    }


def _listing(found: list["Standing"]) -> str:
    from toile.runs import shown_remarks
    from toile.workbench import COUNTED

    rows = [
        (
            one.kept.name,
            one.kept.kind,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(one.kept.when)),
            one.state,
            f"{one.done}/{one.planned} {COUNTED[one.kept.kind]}",
        )
        for one in found
    ]
    heads = ("name", "kind", "last", "state", "done")
    head, *lines = table(heads, rows, left=len(heads)).split("\n")
    width = shutil.get_terminal_size().columns
    said = [head]
    for line, one in zip(lines, found, strict=True):
        said += [line, *_wrapped(plain(one.sentence), width)]
        if words := shown_remarks(one.kept.folder).line:
            said += _wrapped(plain(words), width)
    return "\n".join(said)


def _wrapped(text: str, width: int) -> list[str]:
    """As many whole sentences of `text` as are no more than `MOST_SAID` letters, at least one."""
    shown, *rest = re.split(r"(?<=[.!?]) (?=[A-Z0-9])", text)
    for sentence in rest:
        if len(f"{shown} {sentence}") > MOST_SAID:
            break
        shown = f"{shown} {sentence}"
    # A name longer than the line stays whole, or it could not be pasted.
    return textwrap.wrap(
        shown,
        max(width, 40),
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
