"""Rewrites pages and summaries after a name, note or star has changed."""

from toile.data import load_here
from toile.errors import ToileError
from toile.files import write_json
from toile.runs import (
    FINALISTS,
    Entry,
    Run,
    data_settings,
    refuse_other_images,
    why_data_unknown,
)
from toile.searches import SUMMARY, open_search, search_summary
from toile.studies import open_study, study_summary

SHOWN_PICTURES = '<div class="pictures">'
"""What a page has around pictures of mistakes, and no page without them."""


def renew_page(entry: Entry) -> str:
    """Rewrite the page if there is one; returns why it was not, or an empty text.

    A run's page has pictures, whose data is not downloaded: without it the page stays as it is. Of
    a bundled run nothing is opened where its recipe says that its data lies, on another machine.
    """
    if not (entry.folder / "report.html").exists():
        return ""
    # Imported here, since drawing takes a while to import.
    from toile.workbench.page import write_report
    from toile.workbench.reports import write_reports

    try:
        if entry.kind != "run":
            write_reports(entry, ("html",))
            return ""
        run = Run(entry.folder)
        if reason := why_data_unknown(run):
            if SHOWN_PICTURES in (entry.folder / "report.html").read_text(encoding="utf-8"):
                return reason
            write_report(run, with_pictures=False)
            return ""
        settings = data_settings(run) if run.bundle else run.recipe.data
        dataset = load_here(settings)
        if dataset is None:
            return f"its pictures are not here; toile report {entry.name} rewrites it"
        # With other images the new page would lose the pictures of the old one.
        refuse_other_images(run, dataset)
        write_report(run, dataset)
    except ToileError as error:
        return str(error)
    return ""


def renew_summaries(entry: Entry) -> None:
    """Rewrite the summaries in its folder, since they contain the paths of runs.

    This includes the summaries of a sheet's exercises and of a search's finalists.
    """
    for folder in (entry.folder, *entry.folder.glob("*"), *entry.folder.glob(f"*/{FINALISTS}")):
        if (folder / "verdict.json").exists():
            write_json(folder / "verdict.json", study_summary(open_study(folder)))
        if (folder / SUMMARY).exists():
            write_json(folder / SUMMARY, search_summary(open_search(folder)))
