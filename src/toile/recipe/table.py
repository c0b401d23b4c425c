"""Every setting there is, as rows: what help and documentation are written from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from toile.recipe import layers, optimizers, schedules
from toile.recipe.choice import Choice
from toile.recipe.complaint import allowed
from toile.recipe.recipe import Recipe
from toile.recipe.settings import group_of

KINDS: dict[str, dict[str, Any]] = {
    "network": layers.KINDS,
    "training.optimizer": optimizers.KINDS,
    "training.schedule": schedules.KINDS,
}


@dataclass(frozen=True)
class SettingRow:
    """One setting: where it stands, what it may be, what it is when left out, what it means.

    A layer's address is that of the first of its kind. `default` is as a recipe writes it, or
    `needed` where a value must be given, or `-` for a group or a list. `choices` are all the values
    it may have, where they are few.
    """

    address: str
    rule: str
    default: str
    description: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class KindRow:
    """A kind of layer: what it does, the setting that a bare value fills, and all its settings."""

    kind: str
    meaning: str
    shorthand: str | None
    settings: tuple[SettingRow, ...]


def layer_kinds() -> list[KindRow]:
    """Every kind of layer there is, with its settings."""
    return [
        KindRow(
            kind,
            (model.__doc__ or "").split("\n")[0],
            model.shorthand,
            tuple(_rows(model, "")),
        )
        for kind, model in layers.KINDS.items()
    ]


def settings_table() -> list[SettingRow]:
    """A row for every setting of a recipe, each kind of layer and optimiser in its place."""
    return list(_rows(Recipe, ""))


def _rows(model: type[BaseModel], prefix: str) -> Iterator[SettingRow]:
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        address = f"{prefix}{name}"
        rule = allowed(schema["properties"][name], schema)
        choices = _choices(schema["properties"][name])
        yield SettingRow(
            address, rule, _default_text(field.default), str(field.description), choices
        )
        if address in KINDS:
            number = "1" if address == "network" else ""
            for kind, choice in KINDS[address].items():
                yield from _rows(choice, f"{address}.{kind}{number}.")
        elif (group := group_of(field.annotation)) is not None and not issubclass(group, Choice):
            yield from _rows(group, f"{address}.")


def _choices(schema: dict[str, Any]) -> tuple[str, ...]:
    """All values of a setting by its JSON schema; none where it may be any number or text."""
    choices: list[str] = []
    for option in schema.get("anyOf", [schema]):
        match option:
            case {"enum": values}:
                choices += map(str, values)
            case {"const": value}:
                choices.append(str(value))
            case {"type": "boolean"}:
                choices += ["true", "false"]
            case {"type": "null"}:
                choices.append("off")
            case _:
                return ()
    return tuple(choices)


def _default_text(default: object) -> str:
    match default:
        case None:
            return "off"
        case bool():
            return str(default).lower()
        case Choice():
            return default.kind
        case float():
            return f"{default:g}"
        case int() | str():
            return str(default) or '""'
        case _:
            return "needed" if default is PydanticUndefined else "-"
