"""The recipes that come with Toile, and reading a recipe by preset name or by path."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from toile.recipe.preset_files import preset_files, recipe_file
from toile.recipe.recipe import NO_SETTINGS, Recipe


@cache
def list_presets() -> dict[str, Recipe]:
    """Every preset by name, in the order they are best read.

    >>> toile.list_presets()["quick"].network[0].filters
    16
    """
    return {name: Recipe.read(path) for name, path in preset_files().items()}


def read_recipe(name: str | Path | Recipe, settings: Mapping[str, Any] = NO_SETTINGS) -> Recipe:
    """The recipe of a preset's name or a file's path, with settings changed by their addresses.

    Raises ToileError for a name that is neither, naming the nearest preset.
    """
    recipe = name if isinstance(name, Recipe) else Recipe.read(recipe_file(str(name)))
    return recipe.replace(settings)
