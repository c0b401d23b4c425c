"""Rewrites the pages of runs, in the process that computes."""

from pathlib import Path

from toile.app.computing import Question, Tell


def renew_run_page(question: Question, content: bytes, tell: Tell) -> Question:
    """Rewrite a run's page, so that it shows the run's present name, note and star."""
    from toile.runs import RunsFolder
    from toile.workbench import renew_page

    tell(0, None, "rewriting its page")
    workspace = Path(question["workspace"])
    entry = RunsFolder(workspace).named(workspace / question["run"])
    return {"reason": renew_page(entry)}
