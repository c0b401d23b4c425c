"""The base of every settings model: frozen, strict about names and types."""

from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


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
            for key, value in fields.items()
        }


def group_of(annotation: Any) -> type[Settings] | None:
    """The group of settings a field holds, also where it may be off instead."""
    options = (annotation, *get_args(annotation))
    groups = (
        option for option in options if isinstance(option, type) and issubclass(option, Settings)
    )
    return next(groups, None)
