"""The results of acts whose process ended after its work was done, but before it answered.

Takes an act, and returns what its process would have answered.
"""

from contextlib import suppress
from pathlib import Path

from toile.app.computing import Question
from toile.app.long_acts import LongAct
from toile.app.uploads import Uploads
from toile.errors import ToileError
from toile.runs import (
    BUNDLED,
    Bundled,
    DataList,
    Record,
    Run,
    is_run,
    read_record,
    seen_words,
    why_data_unknown,
)


def arrived_data(act: LongAct) -> Question | None:
    """The name of the dataset that `act` has added; None if it has added none."""
    question = act.question
    if question["verb"] != "add":
        return None
    path = str(Path(question["path"]).resolve())
    asked = (path, question["name"], question["settings"])
    for entry in DataList(Path(question["workspace"])).entries():
        if (entry.path, entry.name, entry.settings) == asked and entry.added >= act.started:
            return {"name": entry.name}
    return None


def arrived_run(act: LongAct) -> Question | None:
    """The run that `act` has imported, by its id, with sentences on it; None without a run."""
    question = act.question
    origin: Record | None = None
    if question["verb"] == "import":
        run = _network(question)
    else:
        run, origin = _bundled(question)
    if run is None:
        return None
    datasets = DataList(Path(question["workspace"]))
    with suppress(ToileError):
        Uploads(datasets).remove(question["upload"])
    sentences = ["its process ended when the run was complete"]
    if imported := run.imported:
        sentences.append(f"tried on the half of validation that chooses: {imported['sentence']}")
    if not (run.folder / "report.html").exists():
        sentences.append(f"its page is not written: toile report {run.id} writes it")
    if origin is not None:
        from toile.workbench import bundle_sentences

        sentences += bundle_sentences(run, origin["looks"])
    elif reason := why_data_unknown(run):
        sentences.append(reason)
    warning = seen_words(run.recipe) if imported else ""
    return {
        "run": run.id,
        "sentences": sentences,
        "warning": f"warning: {warning}" if warning else "",
    }


def _network(question: Question) -> Run | None:
    """The run of an imported network; how it was read is written last."""
    run = Run(Path(question["out"]))
    return run if is_run(run.folder) and run.imported else None


def _bundled(question: Question) -> tuple[Run | None, Record | None]:
    """The run that came in the bundle, and its origin; it gets its name in the workspace last.

    Two uploads may have one name, but each has a folder of its own.
    """
    path = Path(question["path"])
    for mark in Path(question["workspace"]).glob(f"[!.]*/{BUNDLED}"):
        origin = read_record(mark.read_bytes(), Bundled, mark)
        is_its = (origin["file"], origin.get("folder")) == (path.name, path.parent.name)
        if is_its and is_run(mark.parent):
            return Run(mark.parent), origin
    return None, None
