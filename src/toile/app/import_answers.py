"""Makes a run of a network trained elsewhere, in its own process, since a file may crash it."""

from contextlib import suppress
from pathlib import Path

from toile.app.computing import Question, Tell
from toile.app.uploads import Uploads
from toile.errors import ToileError


def import_file(question: Question, content: bytes, tell: Tell) -> Question:
    """Make a run of an uploaded file, delete the upload, and return the run and sentences."""
    # Before torch is loaded, which takes seconds.
    tell(0, None, "the network and the pictures")
    from toile.recipe import read_recipe_text
    from toile.runs import DataList
    from toile.workbench import import_network, import_sentences, write_report

    path = Path(question["path"])
    recipe = question["recipe"] and read_recipe_text(question["recipe"], "the recipe")
    settings = {f"data.{name}": value for name, value in question["data"].items()}
    try:
        imported = import_network(
            path,
            settings.pop("data.name"),
            recipe=recipe or None,
            scaling=question["scaling"] or None,
            settings=settings,
            out=question["out"],
            progress=tell,
        )
    except ToileError as error:
        # The folder of the uploaded copy would only confuse the reader.
        raise ToileError(str(error).replace(f"{path.parent}/", "")) from None
    tell(0, None, "writing its page")
    write_report(imported.run)
    uploads = Uploads(DataList(Path(question["workspace"])))
    with suppress(ToileError):
        uploads.remove(question["upload"])
    return {"run": imported.run.id, "sentences": import_sentences(imported)}
