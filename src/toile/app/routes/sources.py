"""Sources of a recipe: `preset:quick`, `run:ID`, `draft:NAME`, or `text:` and YAML."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from toile.app.session import NotHere, Session
from toile.data import CORRECTIONS_FILE, known_shape
from toile.errors import ToileError, did_you_mean
from toile.recipe import Recipe, list_presets, read_value, recipe_of, with_settings
from toile.runs import (
    BUNDLED,
    DataElsewhere,
    Run,
    data_elsewhere,
    data_settings,
    why_data_unknown,
)


def recipe_from(session: Session, source: str) -> Recipe:
    """The recipe that `source` names. Raises ToileError if there is none, or it is invalid."""
    kind, _, name = source.partition(":")
    match kind:
        case "preset":
            presets = list_presets()
            if name not in presets:
                raise NotHere(f"no preset is called {name!r:.60}{did_you_mean(name, presets)}")
            return presets[name]
        case "run":
            return fresh(_of_run(session.run(name)))
        case "draft":
            draft = session.drafts.read(name)
            if draft is None:
                raise NotHere(f"no draft is called {name!r:.60}; it may have been deleted")
            return recipe_of(draft.get("recipe", {}))
        case "text":
            document = read_value(name, "the recipe")
            if not isinstance(document, dict):
                raise ToileError("the recipe has no named settings, as in network: [...]")
            return recipe_of(document)
    raise ToileError(f"a recipe's source is {kind!r:.20}; use preset, run, draft or text")


def refuse_unknown_data(session: Session, source: str, recipe: Recipe) -> None:
    """Raise ToileError where `recipe` still names the data of a bundled run, which is elsewhere.

    A draft knows whose data it was begun with, also after the run is deleted. Besides, a draft or a
    text may have come from any bundled run of the workspace.
    """
    kind, _, name = source.partition(":")
    candidates: list[DataElsewhere | None]
    if kind == "run":
        candidates = [data_elsewhere(session.run(name))]
    elif known_shape(recipe.data.name) is not None or any(
        entry.path == recipe.data.name for entry in session.datasets.entries()
    ):
        return
    else:
        of_draft = session.drafts.data_elsewhere(name) if kind == "draft" else None
        candidates = [of_draft, *_elsewhere_in(session.workspace)]
    for elsewhere in candidates:
        if elsewhere is None or elsewhere.settings.name != recipe.data.name:
            continue
        if entry := elsewhere.copy_in(session.workspace):
            raise ToileError(
                f"{elsewhere.run} came in the bundle {elsewhere.bundle}, and its data is "
                f"{entry.name} here; choose that in place of {recipe.data.name}"
            )
        raise ToileError(elsewhere.reason)


def elsewhere_of_draft(session: Session, content: dict[str, Any]) -> DataElsewhere | None:
    """The data that a draft's recipe names, if it is of a bundled run of the workspace.

    The name of a known dataset opens no file of that name.
    """
    match content:
        case {"recipe": {"data": {"name": str(name)}}} if known_shape(name) is None:
            candidates = _elsewhere_in(session.workspace)
            return next((each for each in candidates if each.settings.name == name), None)
    return None


def _elsewhere_in(workspace: Path) -> list[DataElsewhere]:
    """The data of the bundled runs of `workspace` that lies where they were trained."""
    result = []
    for mark in workspace.glob(f"[!.]*/{BUNDLED}"):
        # A damaged run names no data, and its own page says so.
        with suppress(ToileError):
            if elsewhere := data_elsewhere(Run(mark.parent)):
                result.append(elsewhere)
    return result


def _of_run(run: Run) -> Recipe:
    """The recipe of a run, with the paths of a bundled one as they are here."""
    if not run.bundle:
        return run.recipe
    changes = {}
    if not why_data_unknown(run):
        changes["data.name"] = data_settings(run).name
    if run.recipe.data.corrections is not None:
        copy = run.folder.absolute() / CORRECTIONS_FILE
        if not copy.exists():
            raise ToileError(
                f"{run.id} was trained with corrections of labels, and its bundle {run.bundle} has "
                f"no {CORRECTIONS_FILE}; ask for a whole bundle"
            )
        changes["data.corrections"] = str(copy)
    return with_settings(run.recipe, changes)


def fresh(recipe: Recipe) -> Recipe:
    """A run's recipe for a new run, without the settings that its training added."""
    return with_settings(recipe, {"training.extended": []})
