"""Making a run's folder."""

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.files import sync_folder, write_atomically, write_json
from toile.recipe import Plan, Recipe, recipe_text
from toile.runs.layout import runs_folder
from toile.runs.machine import environment
from toile.runs.novelty import RunNovelty, write_novelty
from toile.runs.pictures import Pictures, write_pictures
from toile.runs.run import Run
from toile.runs.seen import seen_words
from toile.runs.state import State, now, write_state


def create_run(
    recipe: Recipe,
    plan: Plan,
    data: dict[str, Any],
    folder: Path | None = None,
    pictures: Pictures | None = None,
    novelty: RunNovelty | None = None,
) -> Run:
    """A new run's folder with everything known before its first step; its state is `queued`.

    `folder` names the run folder itself. Raises ToileError if it is there already and not empty,
    or cannot be made.
    """
    folder = folder or runs_folder() / new_run_id(recipe.name)
    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        refuse_unless_empty(folder)
        with file_lock(folder):
            # Again: another process may have had the folder in the meantime.
            refuse_unless_empty(folder)
            try:
                return _fill(folder, recipe, plan, data, pictures, novelty)
            except BaseException:
                # Without a state it would not be listed, and could not be resumed.
                _clear(folder, is_new)
                raise
    except OSError as error:
        raise ToileError(f"{folder} cannot be made a run's folder: {error.strerror}") from None


def refuse_unless_empty(folder: Path) -> None:
    """Raise ToileError where something lies in `folder`."""
    if any(path.name != ".lock" for path in folder.iterdir()):
        raise ToileError(f"{folder} is not empty; name a new folder, nothing was written")


def _fill(
    folder: Path,
    recipe: Recipe,
    plan: Plan,
    data: dict[str, Any],
    pictures: Pictures | None,
    novelty: RunNovelty | None,
) -> Run:
    write_atomically(folder / "recipe.yaml", recipe_text(recipe, complete=True).encode())
    write_json(folder / "environment.json", environment(recipe.training))
    write_json(folder / "data.json", data)
    if pictures is not None:
        write_pictures(folder, pictures)
    if novelty is not None:
        write_novelty(folder, novelty)
    state = State(
        status="queued",
        name=recipe.name,
        data=str(data["name"]),
        seed=recipe.seed,
        epochs=recipe.training.epochs,
        created=now(),
        parameters=plan.parameters,
        seen=seen_words(recipe),
    )
    write_state(folder, state)
    sync_folder(folder.parent)
    return Run(folder)


def _clear(folder: Path, is_new: bool) -> None:
    for path in folder.iterdir():
        if path.name != ".lock":
            path.unlink(missing_ok=True)
    if is_new:
        shutil.rmtree(folder, ignore_errors=True)


def new_run_id(name: str) -> str:
    """An id for a run of the recipe called `name`: the time, that name, and four letters."""
    short = re.sub(r"[^a-z0-9-]", "", name.lower())
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{short}-{secrets.token_hex(2)}"
