"""The recipes that come with Toile, and reading a recipe by preset name or by path."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from toile.errors import ToileError, did_you_mean, did_you_mean_file
from toile.recipe.address import parse_assignment, with_settings
from toile.recipe.complaint import shown
from toile.recipe.document import read_recipe_file
from toile.recipe.recipe import Recipe

FOLDER = Path(str(files("toile.recipe"))) / "presets"


@cache
def list_presets() -> dict[str, Recipe]:
    """Every preset by name, in the order they are best read."""
    recipes = {path.stem: read_recipe_file(path) for path in sorted(FOLDER.glob("*.yaml"))}
    # False comes before true: quick, then the stages s0 to s4 by name.
    return dict(sorted(recipes.items(), key=lambda item: (item[0].startswith("s"), item[0])))


def read_recipe(name: str | Path | Recipe, settings: Sequence[str] = ()) -> Recipe:
    """The recipe of a preset's name or a file's path, with `address=value` settings changed.

    Raises ToileError for a name that is neither, naming the nearest preset.
    """
    recipe = name if isinstance(name, Recipe) else read_recipe_file(_path_of(str(name)))
    return with_settings(recipe, dict(map(parse_assignment, settings)))


def _path_of(name: str) -> Path:
    presets = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
    try:
        found = Path(name).is_file()
    except OSError:  # the name is longer than a file's may be
        found = False
    if name not in presets and not found and 0 < len(name) < 256 and Path(name).is_dir():
        raise ToileError(f"{name} is a folder; name a recipe file in it, or a preset")
    if name not in presets and not found:
        near = did_you_mean_file(name) or did_you_mean(name, presets)
        raise ToileError(
            f"{shown(name)} is neither a recipe file nor a preset{near}; "
            f"presets: {', '.join(presets)}"
        )
    return presets.get(name, Path(name))
