"""What is wrong with a setting, in words: the address, the value got and the rule."""

import reprlib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from toile.errors import ToileError, did_you_mean

Schema = dict[str, Any]
M = TypeVar("M", bound=BaseModel)


def settings_of(model: type[M], fields: Any, address: str = "") -> M:
    """The settings with these fields; `address` is where they stand.

    Raises ToileError naming the setting, the value and the rule.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise complaint(error, model, address) from None
    except RecursionError:
        raise ToileError(f"{address or 'the recipe'} is nested too deeply to be read") from None


def complaint(error: ValidationError, model: type[BaseModel], address: str = "") -> ToileError:
    """The first failure of `error` as a ToileError; `address` is where `model` stands."""
    # A misspelt key is the cause of the one that is then missing.
    failures = error.errors(include_url=False)
    first = min(failures, key=lambda failure: failure["type"] != "extra_forbidden")
    root: Schema = model.model_json_schema()
    location, schema, remaining = _descend(first["loc"], root, address)
    kind, where = first["type"], location or "the recipe"
    if kind == "extra_forbidden":
        return _unknown(location, str(remaining[0]), list(_group(schema, root)["properties"]))
    if kind == "invalid_key":
        return ToileError(f"{where} has the key {value_text(first['input'])}; settings have names")
    if kind == "string_unicode":
        return ToileError(f"{where} is {value_text(first['input'])}, which is not UTF-8; rename it")
    if kind == "missing":
        return ToileError(f"{location} is missing; {rule(schema, root)}")
    if kind == "value_error":
        return ToileError(f"{where}: {first['msg'].removeprefix('Value error, ')}")
    return ToileError(
        f"{where} is {value_text(first['input'])}; {rule(schema, root, first['input'])}"
    )


EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "named values",
    "model": "named values",
}


def first_fault(error: ValidationError, name: str = "it") -> str:
    """The first thing wrong in a file of ours: what, the value got, and what it should be."""
    first = error.errors(include_url=False)[0]
    kind, where = first["type"], ".".join(map(str, first["loc"])) or name
    if kind == "missing":
        return f"{where} is missing"
    if kind == "extra_forbidden":
        return f"{where} is not known"
    if kind == "json_invalid":
        return f"{where} is no JSON"
    if kind == "value_error":
        return f"{where}: {first['msg'].removeprefix('Value error, ')}"
    known = first.get("ctx", {}).get("expected") or EXPECTED.get(kind.partition("_")[0])
    should = f"; it should be {known}" if known else ", which it cannot be"
    return f"{where} is {value_text(first['input'])}{should}"


def rule(schema: Schema, root: Schema, value: object = None) -> str:
    """What a setting may be, read off its JSON schema: `it goes from 1 to 10000`.

    Says `a whole number` only where `value`, the one refused, is none.
    """
    options = (_group(option, root) for option in schema.get("anyOf", [schema]))
    return "; or ".join(_rule_of_one(option, value) for option in options)


def allowed(schema: Schema, root: Schema) -> str:
    """What a setting may be, to stand in a table: `a whole number from 1 to 10000; or off`."""
    return rule(schema, root).replace("it is ", "")


def value_text(value: object) -> str:
    """A refused value, in short; one of no letters is called empty."""
    return "empty" if value is None else _SHORT.repr(value)


class _Short(reprlib.Repr):
    """At most a line, however deep or long the value."""

    maxstring = maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        """The number; one of thousands of digits, which Python refuses to write, in words."""
        # 10,000 bits are 3,011 digits; Python refuses to write more than 4,300.
        return super().repr_int(x, level) if x.bit_length() < 10_000 else "a gigantic number"


_SHORT = _Short()


def _descend(
    steps: tuple[int | str, ...], root: Schema, location: str
) -> tuple[str, Schema, tuple[int | str, ...]]:
    """The address and schema `steps` lead to, and the steps that lead no further.

    pydantic puts the name of a union's failed option and the number of a list's entry among them.
    """
    schema = root
    for number, step in enumerate(steps):
        properties = _group(schema, root).get("properties", {})
        if step not in properties:
            return location, schema, steps[number:]
        location = f"{location}.{step}".lstrip(".")
        schema = properties[step]
    return location, schema, ()


def _unknown(location: str, step: str, known: list[str]) -> ToileError:
    where = f"{location}.{step}".lstrip(".")
    near = did_you_mean(step, known) or f"; known: {', '.join(known)}"
    return ToileError(f"{where} is not a setting{near}")


def _rule_of_one(schema: Schema, value: object) -> str:
    if "const" in schema:
        return f"it is {schema['const']}"
    if "enum" in schema:
        return f"it is one of {', '.join(map(str, schema['enum']))}"
    kind = schema.get("type")
    if kind in ("integer", "number"):
        noun = "a whole number" if kind == "integer" else "a number"
        # Not isinstance: to Python true is an int.
        fits = type(value) is int or (type(value) is float and kind == "number")
        return f"it {'goes' if fits else f'is {noun}'}{_span(schema)}"
    if kind == "object" and "properties" not in schema:
        return "it is a mapping of names to values"
    if kind == "object":
        return f"it is a group of settings: {', '.join(schema['properties'])}"
    if kind == "string":
        return f"it is a text{_form(schema)}"
    return f"it is {_WORDS[str(kind)]}"


_WORDS = {"boolean": "true or false", "null": "off", "array": "a list"}


def _form(schema: Schema) -> str:
    longest = f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    if "pattern" in schema:
        return f"{longest} of the form {schema['pattern']}"
    return f"{longest} and not empty" if schema.get("minLength") else longest


def _span(schema: Schema) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    words["exclusiveMaximum"] = "to below" if "minimum" in schema else "and below"
    spans = [f" {word} {_number(schema[key])}" for key, word in words.items() if key in schema]
    return "".join(spans)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:g}"


def _group(schema: Schema, root: Schema) -> Schema:
    """The schema of a group of settings that `schema` refers to, or `schema` where it is none."""
    options = [schema, *schema.get("anyOf", [])]
    references = [option["$ref"] for option in options if "$ref" in option]
    return root["$defs"][references[0].rsplit("/", 1)[1]] if references else schema
