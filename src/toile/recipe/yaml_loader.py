"""YAML read by version 1.2's rules: `1e-3` is a number, and `off`, `no` and `yes` are texts.

PyYAML's own rules, version 1.1, make the first a text and the others truth values.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

from toile.errors import ToileError
from toile.recipe.complaint import value_text

# PyYAML reads a character at a time: so many took .5 to 1.5 s (Python 3.11, a shared Zen 5 core),
# and a megabyte took 8. The longest file of the package has 4,000.
MAX_CHARACTERS = 1 << 17
# A longer number is no setting's, and Python refuses to read one of thousands of digits.
MAX_DIGITS = 40
Rewrite = Callable[[yaml.Node], yaml.Node]


def read_value(text: str, where: str, rewrite: Rewrite | None = None) -> Any:
    """The plain value a YAML text stands for. Raises ToileError naming line and column.

    `rewrite` may change the tree of nodes before their values are made.
    """
    if len(text) > MAX_CHARACTERS:
        raise ToileError(
            f"{where} has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read, which "
            "is some forty recipes written out; give it as several"
        )
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        return loader.construct_document(rewrite(node) if rewrite else node)
    except yaml.MarkedYAMLError as error:
        position = error.problem_mark or error.context_mark
        location = f", line {position.line + 1}, column {position.column + 1}" if position else ""
        why = ", ".join(part for part in (error.context, error.problem) if part)
        raise ToileError(f"{where}{location}: {why}") from None
    except yaml.YAMLError as error:
        raise ToileError(f"{where}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ToileError(f"{where} is nested too deeply to be read") from None


def name_items(node: yaml.Node) -> yaml.Node:
    """A list as a mapping in which each item is named by its text as written, `1e-4` for 0.0001.

    Any other node stays as it is.
    """
    if not isinstance(node, yaml.SequenceNode):
        return node
    items = [(_text_node(item), item) for item in node.value]
    return yaml.MappingNode("tag:yaml.org,2002:map", items, node.start_mark, node.end_mark)


def _text_node(item: yaml.Node) -> yaml.ScalarNode:
    text = item.value
    if not isinstance(item, yaml.ScalarNode):
        buffer = str(item.start_mark.buffer)
        text = " ".join(buffer[item.start_mark.pointer : item.end_mark.pointer].split())
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, item.start_mark, item.end_mark)


class Loader(yaml.SafeLoader):
    """Safe, without aliases, so that no small text can stand for a huge one, and without tags."""

    # Empty and our own: add_implicit_resolver would begin with a copy of version 1.1's rules.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML keeps it on the class

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node; an alias or a tag is refused."""
        peek: Any = self.peek_event
        event = peek()
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("an alias (*) is not supported", event)
        if getattr(event, "tag", None) not in (None, "!"):
            raise _refusal(f"a tag ({event.tag}) is not supported", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node, whose keys are texts and differ."""
        keys = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _refusal(f"{value_text(key)} is no name of a setting", key_node)
            # PyYAML keeps the last of two without a word.
            if key in keys:
                raise _refusal(f"{key} stands twice", key_node)
            keys.add(key)
        return super().construct_mapping(node, deep)


def _refusal(problem: str, where: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    # YAML 1.1 would read 010 as eight.
    text = str(loader.construct_scalar(node))
    if len(text) > MAX_DIGITS:
        raise _refusal("the number is too long", node)
    return int(text)


# Tried in this order: the pattern of a float fits a whole number too.
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first)
    )
Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
