"""Values moved in plain documents from an address to another, wherever addresses may stand."""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def recipes_in(value: Any) -> Iterator[Document]:
    """Every recipe in a settings file, itself where it is one. A recipe has a network."""
    if isinstance(value, dict) and "network" in value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from recipes_in(inner)


def addressed_in(value: Any) -> Iterator[tuple[Document, bool]]:
    """Every mapping by address in a settings file, and whether each has several values by name.

    That is what is held fixed, varied or searched, and the values of a search's trials.
    """
    if isinstance(value, list):
        for item in value:
            yield from addressed_in(item)
    if not isinstance(value, dict) or "network" in value:
        return
    for key, inner in value.items():
        if key in ("set", "vary", "over") and isinstance(inner, dict):
            yield inner, key != "set"
        elif key == "asked" and isinstance(inner, list):
            yield from ((item, False) for item in inner if isinstance(item, dict))
        else:
            # A level may be called `set`.
            is_named = key == "levels" and isinstance(inner, dict)
            yield from addressed_in(list(inner.values()) if is_named else inner)


def value_holder(tree: Any, address: str) -> tuple[Document | None, str]:
    """The mapping that holds what is at `address`, if there is one, and its key there."""
    *steps, last = address.split(".")
    for step in steps:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return (tree if isinstance(tree, dict) else None), last


def move(tree: Any, old: str, new: str) -> None:
    """Put what `tree` has at the address `old` at `new`, where nothing stands there already.

    `network.KIND.FIELD` is the field in every layer of the kind, and a step `*` every entry of a
    list. `old` may also be a word that is a value: `optimizer.sgd` of `optimizer: sgd`.
    """
    head, star, rest = old.partition(".*.")
    if star:
        holder, last = value_holder(tree, head)
        entries = holder.get(last) if holder is not None else None
        for entry in entries if isinstance(entries, list) else ():
            move(entry, rest, new.partition(".*.")[2])
        return
    if isinstance(tree, dict) and "network" in tree and old.startswith("network."):
        _, kind, field = old.split(".")
        _rename_in_layers(tree["network"], kind, field, new.split(".")[2])
        return
    holder, last = value_holder(tree, old)
    if holder is not None and last in holder:
        *steps, target = new.split(".")
        node = tree
        for step in steps:
            node = node.setdefault(step, {}) if isinstance(node, dict) else None
        if isinstance(node, dict) and target not in node:
            node[target] = holder.pop(last)
        return
    outer, _, word = old.rpartition(".")
    holder, last = value_holder(tree, outer)
    if outer and holder is not None and holder.get(last) == word:
        holder[last] = new.rpartition(".")[2]


def rename_keys(tree: Document, old: str, new: str) -> None:
    """The key `old` by its new name, or all that begin so where it ends in `/`."""
    for key in list(tree):
        if key == old or (old.endswith("/") and key.startswith(old)):
            tree[new + key.removeprefix(old)] = tree.pop(key)


def move_addressed(settings: Document, old: str, new: str, by_name: bool) -> None:
    """Move the address `old` in a mapping by address, whose order stays.

    It may be a key, the beginning of one, or stand inside the value of a whole group, of which
    there are several where each key has its values `by_name`.
    """
    moved = {}
    for address, value in settings.items():
        if address == old or address.startswith(f"{old}."):
            address = new + address.removeprefix(old)
        elif _may_be_of_layer(address, old):
            address = f"{address.rpartition('.')[0]}.{new.rpartition('.')[2]}"
        elif old.startswith(f"{address}."):
            inside = old.removeprefix(f"{address}."), new.removeprefix(f"{address}.")
            value = _moved_inside(value, *inside, by_name)
        moved[address] = value
    settings.clear()
    settings.update(moved)


def _may_be_of_layer(address: str, old: str) -> bool:
    """Whether `network.stem.filters` may be what `network.conv.filters` says of the kind.

    An address has a layer's name, not its kind: a renamed field is renamed for all.
    """
    in_network = address.startswith("network.") and old.startswith("network.")
    return in_network and address.rpartition(".")[2] == old.rpartition(".")[2]


def _moved_inside(value: Any, old: str, new: str, by_name: bool) -> Any:
    if by_name and isinstance(value, dict):
        return {name: _moved_inside(item, old, new, False) for name, item in value.items()}
    if by_name and isinstance(value, list):
        return [_moved_inside(item, old, new, False) for item in value]
    if value == old:
        return new
    move(value, old, new)
    return value


def _rename_in_layers(layers: Any, kind: str, old: str, new: str) -> None:
    """In a block's inner layers too, which are its fields or among them."""
    for entry in layers if isinstance(layers, list) else ():
        for name, fields in entry.items() if isinstance(entry, dict) else ():
            if isinstance(fields, dict):
                if name == kind and old in fields:
                    fields.setdefault(new, fields.pop(old))
                _rename_in_layers(fields.get("layers"), kind, old, new)
            else:
                _rename_in_layers(fields, kind, old, new)
