"""The base of every settings model: frozen, strict about names and types."""

from types import NoneType
from typing import Any, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from toile.recipe.complaint import complaint


class Settings(BaseModel):
    """A group of settings. A setting's default, range and meaning are said in its field, once.

    A document writes `off` for None, in the settings that may be.
    """

    # Strict: a quoted "3" is no 3 and true is no 1, as pydantic would have it otherwise.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _off_is_none(cls, fields: Any) -> Any:
        # "before" mode is given anything, also a model that is made already.
        if not isinstance(fields, dict):
            return fields
        optional = {
            name
            for name, field in cls.model_fields.items()
            if NoneType in get_args(field.annotation)
        }
        return {
            key: None if key in optional and value == "off" else value
            for key, value in plain_values(fields).items()
        }


class RootSettings(Settings):
    """Settings that stand on their own: ToileError says what is wrong, however they are made.

    Users write them in Python too, so a field says `default=` by name: type checkers read no other.
    """

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, fields: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(fields)
        except ValidationError as error:
            raise complaint(error, cls) from None


def plain_values(value: Any) -> Any:
    """`value` with arrays and numbers of NumPy's, and ranges, as lists and Python's numbers."""
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        items = map(plain_values, value)
        return tuple(items) if isinstance(value, tuple) else list(items)
    return value.tolist() if hasattr(value, "tolist") else value


def group_of(annotation: Any) -> type[Settings] | None:
    """The group of settings a field holds, also where it may be off instead."""
    options = (annotation, *get_args(annotation))
    groups = (
        option for option in options if isinstance(option, type) and issubclass(option, Settings)
    )
    return next(groups, None)
