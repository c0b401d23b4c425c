"""Makes runs of networks and bundles from elsewhere, in a process that a file may crash."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toile.app.computing import Question, Tell
from toile.app.uploads import Uploads
from toile.errors import ToileError


def import_file(question: Question, content: bytes, tell: Tell) -> Question:
    """Make a run of an uploaded file, delete the upload, and return the run and sentences."""
    # Before torch is loaded, which takes seconds.
    tell(0, None, "the network and the pictures")
    from toile.recipe import read_recipe_text
    from toile.workbench import import_network, import_sentences, write_report

    recipe = question["recipe"] and read_recipe_text(question["recipe"], "the recipe")
    settings = {f"data.{name}": value for name, value in question["data"].items()}
    with _without_folders(question):
        imported = import_network(
            question["path"],
            settings.pop("data.name"),
            recipe=recipe or None,
            scaling=question["scaling"] or None,
            settings=settings,
            out=question["out"],
            progress=tell,
        )
    tell(0, None, "writing its page")
    write_report(imported.run)
    _delete(question)
    *sentences, warning = import_sentences(imported)
    return {"run": imported.run.id, "sentences": sentences, "warning": warning}


def import_run(question: Question, content: bytes, tell: Tell) -> Question:
    """Import the run of an uploaded bundle, delete the upload, and return the run and sentences."""
    tell(0, None, "checking the bundle")
    from toile.workbench import bundle_sentences, import_bundle

    with _without_folders(question):
        run, manifest = import_bundle(Path(question["path"]), Path(question["workspace"]))
    _delete(question)
    return {"run": run.id, "sentences": bundle_sentences(run, len(manifest.looks)), "warning": ""}


@contextmanager
def _without_folders(question: Question) -> Iterator[None]:
    """Leave the folders of the upload and of the workspace out of an error: no user named them."""
    try:
        yield
    except ToileError as error:
        text = str(error).replace(f"{Path(question['path']).parent}/", "")
        raise ToileError(text.replace(f"{question['workspace']}/", "")) from None


def _delete(question: Question) -> None:
    from toile.runs import DataList

    with suppress(ToileError):
        Uploads(DataList(Path(question["workspace"]))).remove(question["upload"])
