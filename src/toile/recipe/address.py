"""Addresses of settings: `network.conv1.filters`, `training.optimizer.sgd.learning_rate`.

The same address works in `--set`, in a study's factor and in the app's link. A recipe is opened
into a tree whose lists of layers are mappings by name, changed there, and read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from toile.errors import ToileError, did_you_mean
from toile.recipe import layers, optimizers, schedules
from toile.recipe.choice import Choice, fields_of, read_choice, unknown_kind
from toile.recipe.complaint import settings_of
from toile.recipe.settings import Settings, group_of
from toile.recipe.yaml_loader import read_value

Tree = dict[str, Any]
R = TypeVar("R", bound=Settings)


class _Layers(Tree):
    """A list of layers, by name."""


@dataclass
class _Opened:
    """A layer, optimiser or schedule: its kind and its fields."""

    kind: str
    fields: Tree


@dataclass
class _Off:
    """A group of settings that is off until one of its fields is set."""

    fields: Tree


# None cannot mark what was not set: it is a value, `off`.
_UNSET = object()
FAMILIES: tuple[Mapping[str, type[Choice]], ...] = (
    layers.KINDS,
    optimizers.KINDS,
    schedules.KINDS,
)


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """The values by address of `address=value` texts, as the command line has them, read as YAML.

    A later text of the same address takes the place of an earlier one.
    """
    return dict(map(_parse_assignment, texts))


def _parse_assignment(text: str) -> tuple[str, Any]:
    address, equals, value = text.partition("=")
    if not equals or not address.strip():
        raise ToileError(f"--set {text!r}: write address=value, as in training.epochs=3")
    return address.strip(), read_value(value, f"--set {address.strip()}")


def with_settings(recipe: R, values: Mapping[str, Any]) -> R:
    """`recipe` with the settings at the given addresses changed, in order; `off` removes a layer.

    A layer removed renames no other until every value is set. A group takes a mapping of some of
    its fields, or an empty one for its defaults. Raises ToileError for an unknown address or a
    value out of range.
    """
    tree = _open(recipe)
    for address, value in values.items():
        _set(tree, address, value)
    return settings_of(type(recipe), _close(tree))


def value_at(recipe: Settings, address: str) -> Any:
    """The plain value of the setting at `address`; None in a group that is off.

    Raises ToileError where there is no such setting.
    """
    holder, key = _find(_open(recipe), address)
    return _close(holder[key])


def _open(value: Any) -> Any:
    """The tree of settings."""
    if isinstance(value, tuple) and value and isinstance(value[0], layers.Layer):
        return _Layers(zip(layers.layer_names(value), map(_open, value), strict=True))
    if not isinstance(value, Settings):
        return value
    fields = {}
    for name, field in type(value).model_fields.items():
        fields[name] = _open(getattr(value, name))
        group = group_of(field.annotation)
        if group and fields[name] is None:
            fields[name] = _Off(dict.fromkeys(group.model_fields, _UNSET))
    return _Opened(value.kind, fields) if isinstance(value, Choice) else fields


def _close(value: Any) -> Any:
    """The document of a tree."""
    match value:
        case _Off(fields):
            # Only what was set: the group's own defaults fill the rest, and nothing set leaves it
            # off.
            values = {key: _close(field) for key, field in fields.items() if field is not _UNSET}
            return values or None
        case _Opened(kind, fields):
            return {kind: _close(fields)}
        case _Layers():
            return [_close(layer) for layer in value.values()]
        case dict():
            return {key: _close(field) for key, field in value.items()}
        case _:
            return None if value is _UNSET else value


def _find(tree: Tree, address: str) -> tuple[Tree, str]:
    """The mapping that holds the setting at `address`, and its key there."""
    holder, key, prefix = {"": tree}, "", ""
    for step in address.split("."):
        node = holder[key]
        inside = next((names for names in _inside(node) if step in names), None)
        if inside is not None:
            holder, key = inside, step
            prefix = f"{prefix}.{step}".lstrip(".")
        # A kind may stand in an address, as it does in a file: optimizer.sgd.momentum.
        elif not (isinstance(node, _Opened) and step == node.kind):
            known = [name for names in _inside(node) for name in names]
            kind = node.kind if isinstance(node, _Opened) else ""
            raise _unknown(address, step, prefix, known, tree, kind)
    return holder, key


def _inside(node: Any) -> list[Tree]:
    """The mappings whose names may follow a node of the tree; none follow a single value."""
    if isinstance(node, _Opened | _Off):
        # A block's layers follow its name directly: residual1.conv1.
        nested = node.fields.get("layers")
        return [nested, node.fields] if isinstance(nested, _Layers) else [node.fields]
    return [node] if isinstance(node, dict) else []


def _unknown(
    address: str, step: str, prefix: str, known: list[str], tree: Tree, kind: str
) -> ToileError:
    if not known:
        return ToileError(f"{address} is not a setting: {prefix} has no settings inside")
    problem = f"{prefix} has no {step}" if prefix else f"there is no {step}"
    near = (
        did_you_mean(step, known)
        or _elsewhere(prefix, step, address, tree, kind)
        or f"; known: {', '.join(known)}"
    )
    return ToileError(f"{address} is not a setting: {problem}{near}")


def _elsewhere(prefix: str, step: str, address: str, tree: Tree, kind: str) -> str:
    """Where a setting stands that was called by its last part, or under a kind not chosen yet."""
    if any(step in kinds for kinds in FAMILIES[1:]) and prefix:
        now = f"it is {kind} now; " if kind else ""
        return f"; {now}its kind is chosen first, as in --set {prefix}={step}"
    last = address.rsplit(".", 1)[-1]
    for group in ("data", "augmentation", "training"):
        if last in tree[group]:
            return f"; did you mean {group}.{last}?"
    if any(last in kind.model_fields for kind in optimizers.KINDS.values()):
        return f"; did you mean training.optimizer.{last}?"
    return ""


def _set(tree: Tree, address: str, value: Any) -> None:
    holder, key = _find(tree, address)
    present = holder[key]
    if isinstance(holder, _Layers) and value == "off":
        del holder[key]
    elif isinstance(present, _Opened):
        holder[key] = _chosen(present, value, address)
    elif isinstance(present, dict | _Off) and isinstance(value, dict) and value:
        for name, inner in value.items():
            _set(tree, f"{address}.{name}", inner)
    else:
        holder[key] = value


def _chosen(present: _Opened, value: Any, address: str) -> _Opened:
    """Another kind under the same name, or the present one with some fields changed."""
    kinds = next(kinds for kinds in FAMILIES if present.kind in kinds)
    named = next(iter(value), None) if isinstance(value, dict) else value
    if isinstance(named, str) and named in kinds:
        chosen: _Opened = _open(read_choice(value, kinds, address, address))
        # The address names the layer, so it still does after another kind stands there.
        if kinds is layers.KINDS:
            chosen.fields["name"] = chosen.fields["name"] or present.fields["name"]
        return chosen
    model = kinds[present.kind]
    if isinstance(value, str) and not _accepts_text(model):
        raise unknown_kind(value, kinds, address)
    return _Opened(present.kind, present.fields | fields_of(model, value, address))


def _accepts_text(model: type[Choice]) -> bool:
    """Whether a bare text may be the value of a kind's first field, as in `dense: classes`."""
    if model.shorthand is None:
        return False
    choices = get_args(model.model_fields[model.shorthand].annotation)
    return any(
        isinstance(choice, str) for option in choices for choice in (option, *get_args(option))
    )
