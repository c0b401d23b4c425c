"""Settings that come in kinds: a layer, an optimiser, a schedule.

In a document a choice is its kind alone (`relu`), its kind and fields
(`conv: {filters: 32, kernel: 3}`), or its kind and the value of its first field (`maxpool: 2`).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BeforeValidator, ValidationError

from toile.errors import ToileError, did_you_mean
from toile.recipe.complaint import complaint, value_text
from toile.recipe.settings import Settings

Document = dict[str, Any]


class Choice(Settings):
    """One kind of something; `shorthand` is the field a bare value fills."""

    kind: ClassVar[str]
    shorthand: ClassVar[str | None] = None


C = TypeVar("C", bound=Choice)


def read_choice(
    entry: object, kinds: Mapping[str, type[C]], address: str, location: str | None = None
) -> C:
    """The choice a document's entry describes.

    What is refused is named by `location`, or else by `address` and the kind. Raises ToileError for
    an unknown kind or a value out of range.
    """
    kind, value = split_entry(entry, kinds, address)
    model = kinds[kind]
    location = location or f"{address}.{kind}"
    try:
        return model.model_validate(fields_of(model, value, location), context=location)
    except ValidationError as error:
        raise complaint(error, model, location) from None


def one_of(kinds: Mapping[str, type[Choice]], address: str) -> BeforeValidator:
    """Reads a field's document as one of `kinds`, and leaves what is one already as it is."""
    return BeforeValidator(
        lambda entry: entry if isinstance(entry, Choice) else read_choice(entry, kinds, address),
        # Complaints and the table of settings read the JSON schema, so it has to name the kinds.
        json_schema_input_type=Literal[tuple(kinds)],
    )


def write_choice(choice: Choice) -> str | Document:
    """The document of a choice: every field, without a name if none was set."""
    fields = choice.model_dump()
    if fields.get("name", "") is None:
        del fields["name"]
    return {choice.kind: fields} if fields else choice.kind


def short_document(value: Any) -> Any:
    """The shortest document of settings: no defaults, and a bare value where one field says all."""
    if isinstance(value, tuple):
        return [short_document(entry) for entry in value]
    if not isinstance(value, Settings):
        return value
    fields = {
        name: short_document(getattr(value, name))
        for name, field in type(value).model_fields.items()
        if getattr(value, name) != field.default
    }
    if not isinstance(value, Choice):
        return fields
    match list(fields.items()):
        case [(name, only)] if name == value.shorthand:
            return {value.kind: only}
        case []:
            return value.kind
    return {value.kind: fields}


def split_entry(entry: object, kinds: Mapping[str, Any], address: str) -> tuple[str, object]:
    """The kind and the value of a document's entry."""
    kind: str
    value: object
    if isinstance(entry, str):
        kind, value = entry, {}
    elif isinstance(entry, dict) and len(entry) == 1:
        kind, value = next(iter(entry.items()))
    else:
        raise ToileError(
            f"{address} is {value_text(entry)}; write one kind, alone or with its fields: "
            f"{', '.join(sorted(kinds))}"
        )
    if kind not in kinds:
        raise unknown_kind(kind, kinds, address)
    return kind, {} if value is None else value


def unknown_kind(kind: object, kinds: Mapping[str, Any], address: str) -> ToileError:
    """The error for an unknown kind."""
    return ToileError(
        f"{address} is {value_text(kind)}, which is not known; known are "
        f"{', '.join(sorted(kinds))}{did_you_mean(str(kind), kinds)}"
    )


def fields_of(model: type[Choice], value: object, address: str) -> Document:
    """The fields a kind's value stands for: itself, or its first field where it is a bare value."""
    if isinstance(value, dict):
        return value
    if model.shorthand is None:
        raise ToileError(f"{address} is {value_text(value)}; it takes no value of its own")
    return {model.shorthand: value}
