"""Studies out of YAML files and out of words, their levels called as they were written."""

import re
from pathlib import Path
from typing import Any

import yaml

from toile.errors import ToileError
from toile.migrations import from_file
from toile.recipe import name_items, read_text, read_value, recipe_name
from toile.studies.spec import Study, study_of

# What a study has and a recipe has not, and the other way round.
OF_A_STUDY, OF_A_RECIPE = {"recipe", "vary", "levels", "readings"}, {"network"}


def is_study_file(path: Path) -> bool:
    """Whether the YAML file at `path` means a study rather than a recipe."""
    document = read_value(read_text(path), str(path))
    names = set(document) if isinstance(document, dict) else set()
    return bool(names & OF_A_STUDY) and not names & OF_A_RECIPE


def read_study_file(path: Path) -> Study:
    """The study a YAML file holds. Raises ToileError naming file, setting, value and rule.

    Recipes that it names are looked for beside it. Without a name it is called as its file is.
    """
    document = read_value(read_text(path), str(path), _name_levels)
    if not isinstance(document, dict):
        raise ToileError(f"{path} is no study; a study has a recipe, and settings to vary")
    levels = document.get("levels")
    alternatives = levels.values() if isinstance(levels, dict) else ()
    for holder in (document, *(level for level in alternatives if isinstance(level, dict))):
        recipe = holder.get("recipe")
        if isinstance(recipe, str) and (path.parent / recipe).is_file():
            holder["recipe"] = str(path.parent / recipe)
    try:
        return study_of(from_file({"name": recipe_name(path), **document}))
    except ToileError as error:
        raise ToileError(f"{path}: {error}") from None


def parse_factor(text: str) -> tuple[str, dict[str, Any]]:
    """The address and the values by name of `ADDRESS=V1,V2,...`.

    The values are read as a YAML list, its brackets written or not, so a mapping keeps its commas:
    `sgd, {adam: {...}}`.
    """
    address, equals, values = text.partition("=")
    address = address.strip()
    if not equals or not address or not values.strip():
        raise ToileError(
            f"--vary {text!r}: write ADDRESS=V1,V2,... as in network.conv1.filters=8,16,32"
        )
    return address, read_value(f"[{values}]", f"--vary {address}", _name_values)


def study_name(recipe: str, varied: list[str]) -> str:
    """The name of a study that was given none: the same words give the same name."""
    by = f"by-{'-and-'.join(varied)}" if varied else "repeated"
    fit = re.sub(r"[^a-z0-9.-]+", "-", f"{recipe}-{by}".lower())
    return fit[:100].strip("-.")


def _name_values(values: yaml.Node) -> yaml.Node:
    """A list as a mapping by what was written; a list that holds nothing but a list is that one."""
    inner = values.value
    alone = len(inner) == 1 and isinstance(inner[0], yaml.SequenceNode)
    return name_items(inner[0] if alone else values)


def _name_levels(document: yaml.Node) -> yaml.Node:
    """Every list under `vary` as a mapping by what was written."""
    if isinstance(document, yaml.MappingNode):
        for key, value in document.value:
            if key.value == "vary" and isinstance(value, yaml.MappingNode):
                value.value = [(address, name_items(values)) for address, values in value.value]
    return document
