"""Lines that suggest the next command, and the option that opens reports in the browser."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.terminal import plain, tell

if TYPE_CHECKING:
    from toile.runs import Run
    from toile.searches import SearchResult
    from toile.studies import StudyResult

Open = Annotated[bool, typer.Option("--open", help="Open the report in the browser.")]
MOST_ADDED = 40
"""More additional readings of each level than this are not suggested."""


def after_training(run: "Run") -> str:
    """The hint after a training."""
    return (
        f"next: toile report {plain(run.name)} --open shows its page; toile study repeats a "
        "training, since one run says little about a setting"
    )


def after_study(result: "StudyResult") -> str:
    """The hint after a study: more readings, if they would decide an undecided pair."""
    folder = plain(str(result.folder))
    if not result.ended:
        return f"next: toile study {folder} continues it"
    pairs = result.verdict.pairs if result.verdict else ()
    more = [pair.more_readings for pair in pairs if pair.verdict == "undecided"]
    counts = [count for count in more if count is not None and count <= MOST_ADDED]
    if counts:
        return (
            f"next: toile study {folder} --add-readings {min(counts)} would decide a pair, if the "
            "new readings are like those so far"
        )
    return f"next: toile report {folder} --open shows its report"


def after_search(result: "SearchResult") -> str:
    """The hint after a search: a training of the best settings, by the new readings."""
    from toile.runs import reading_folder
    from toile.searches import trial_key

    if not result.ended:
        return f"next: toile search {plain(str(result.folder))} continues it"
    verdict = None if result.finalists is None else result.finalists.verdict
    if verdict is None:
        return ""
    number = int(verdict.best.level.removeprefix("trial "))
    recipe = reading_folder(result.folder, trial_key(number)) / "recipe.yaml"
    return f"next: toile train {plain(str(recipe))} trains the best settings alone"


def open_report(path: Path | None, requested: bool) -> None:
    """Open the report in the browser if `requested`."""
    if not requested:
        return
    if path is None:
        tell("note: there is no report to open")
    elif not webbrowser.open(path.resolve().as_uri()):
        tell(f"note: no browser could be opened; the report is {plain(str(path))}")
