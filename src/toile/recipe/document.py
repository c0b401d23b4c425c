"""Recipes as YAML: plain values in, the shortest faithful text out."""

import re
from pathlib import Path
from typing import Any

import yaml

from toile.errors import ToileError
from toile.recipe.complaint import value_text
from toile.recipe.yaml_loader import MAX_CHARACTERS, Loader, read_value


def read_text(path: Path) -> str:
    """A short text file's content. Raises ToileError where it is none."""
    try:
        with path.open("rb") as file:
            # Read up to the bound rather than ask for the size: a pipe or a device names none.
            raw = file.read(MAX_CHARACTERS + 1)
        if len(raw) > MAX_CHARACTERS:
            raise ToileError(f"{path} has over {MAX_CHARACTERS:,} bytes; a recipe is a short text")
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ToileError(f"{path}: byte {error.start} is not UTF-8; a recipe is a text") from None
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None


def read_document(path: Path) -> dict[str, Any]:
    """The settings a YAML file holds, not yet checked."""
    document = read_value(read_text(path), str(path))
    if not isinstance(document, dict):
        raise ToileError(
            f"{path} is {value_text(document)}; a recipe has named settings, as in network: [...]"
        )
    return document


def recipe_name(path: Path) -> str:
    """A recipe's name from its file's, where it does not say one."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40].strip("-") or "recipe"


def yaml_text(document: dict[str, Any]) -> str:
    """A document as YAML that reads back as the same one; None is written `off`."""
    return yaml.dump(
        _lay_out(document), Dumper=_Dumper, sort_keys=False, width=96, allow_unicode=True
    )


class _Line(dict[str, Any]):
    """A mapping written on one line."""


def _lay_out(value: Any, inside: str = "") -> Any:
    """`value` with the fields of one layer, optimiser or other group put on one line each."""
    if isinstance(value, dict):
        flat = not any(isinstance(field, dict | list) for field in value.values())
        laid = {key: _lay_out(field, key) for key, field in value.items()}
        return _Line(laid) if flat and inside not in ("", "training", "about") else laid
    if isinstance(value, list):
        return [_lay_out(entry) for entry in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Quotes what the loader's rules, not YAML 1.1's, would read as something else."""

    yaml_implicit_resolvers: dict[str, Any] = Loader.yaml_implicit_resolvers

    # An object that stands twice would be written as an alias, which our loader refuses.
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # PyYAML would set a list's dashes no deeper than the name above them.
        super().increase_indent(flow, False)


_Dumper.add_representer(
    _Line,
    lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True),
)
_Dumper.add_representer(
    type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:str", "off")
)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes these line ends as they are, and reads them back as spaces; quoted, they last.
    style = '"' if re.search("[\x85\u2028\u2029]", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)
