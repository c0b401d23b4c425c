"""A recipe's settings as a form shows them: each with its value, its meaning and its range."""

from dataclasses import dataclass
from typing import Any

from toile.recipe.address import value_at
from toile.recipe.recipe import Recipe
from toile.recipe.table import KINDS, SettingRow, settings_table

SECTIONS = ("data", "augmentation", "training", "seed")
CHOSEN = tuple(address for address in KINDS if address != "network")
# Written by a training, not by a person.
FILLED = ("training.extended", "training.start")


@dataclass(frozen=True)
class FormRow:
    """A setting and its `value`, as `--set` takes it; of a choice its kind, of a group on or off.

    `is_group` says that what follows it at longer addresses is inside.
    """

    setting: SettingRow
    value: str
    is_group: bool


def settings_form(recipe: Recipe) -> list[FormRow]:
    """The settings of data, augmentation, training and seed that a person may change, in order.

    Left out are those of an optimiser or a schedule not chosen, and of a group that is off.
    """
    rows = []
    hidden: list[str] = []
    for row in settings_table():
        section = row.address.split(".", 1)[0]
        if section not in SECTIONS or row.address in SECTIONS[:-1]:
            continue
        if row.address.startswith((*FILLED, *hidden)):
            continue
        value = value_at(recipe, row.address)
        is_group = row.address in CHOSEN or row.rule.startswith("a group of settings")
        if row.address in CHOSEN:
            kind = value if isinstance(value, str) else next(iter(value))
            hidden += [f"{row.address}.{choice}." for choice in row.choices if choice != kind]
            value = kind
        elif is_group:
            hidden += [f"{row.address}."] if value is None else []
            value = "off" if value is None else "on"
        rows.append(FormRow(row, setting_text(value), is_group))
    return rows


def setting_text(value: Any) -> str:
    """A plain value as a recipe writes it."""
    match value:
        case None:
            return "off"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}" if float(f"{value:g}") == value else repr(value)
        case _:
            return str(value)
