"""The pages of runs, written anew in the process that computes."""

from pathlib import Path

from toile.app.computing import Question, Tell


def renew_run_page(question: Question, content: bytes, tell: Tell) -> Question:
    """Write a run's page anew, so that it tells the name, note and star that the run has now."""
    from toile.runs import RunsFolder
    from toile.workbench import renew_page

    tell(0, None, "writing its page anew")
    workspace = Path(question["workspace"])
    entry = RunsFolder(workspace).named(workspace / question["run"])
    return {"reason": renew_page(entry)}
