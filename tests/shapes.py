"""jaxtyping's check, where an annotation has a shape, made when a function is first called.

The option `--jaxtyping-packages` puts `jaxtyping.jaxtyped` around everything in the rooms that
speak arrays. Made for all of it at import, the checks take longer than the imports themselves;
what speaks of no array is mypy's to hold. Imported before any room.
"""

import dataclasses
import functools
import inspect
import sys
import typing
from collections.abc import Callable
from typing import Any

import jaxtyping

CALLED_FOR_EACH_PICTURE = "toile.data.hashes.pixel_hash"
"""Not checked: three of four checks of the whole suite would be its."""
jaxtyped = jaxtyping.jaxtyped
assert "toile.data" not in sys.modules, "a room imported before this is checked as a whole"


def has_shape(annotation: object) -> bool:
    """Whether an array's type stands anywhere in an annotation; a string may hold one."""
    if isinstance(annotation, str | typing.ForwardRef):
        return True
    if inspect.isclass(annotation) and issubclass(annotation, jaxtyping.AbstractArray):
        return True
    inner = annotation if isinstance(annotation, list) else typing.get_args(annotation)
    return any(has_shape(each) for each in inner)


def checked_when_called(function: Callable[..., Any], typechecker: Any) -> Callable[..., Any]:
    """The function itself, or one that is made to check its shapes by its first call."""
    annotations = getattr(function, "__annotations__", {})
    if f"{function.__module__}.{function.__name__}" == CALLED_FOR_EACH_PICTURE:
        return function
    if not any(has_shape(each) for each in annotations.values()):
        return function
    checked: Callable[..., Any] | None = None

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        nonlocal checked
        if checked is None:
            checked = jaxtyped(function, typechecker=typechecker)
        return checked(*args, **kwargs)

    return call


def only_shapes(thing: Any = None, *, typechecker: Any) -> Any:
    """In place of `jaxtyping.jaxtyped`: a decorator of functions, methods and dataclasses."""
    if thing is None:
        return functools.partial(only_shapes, typechecker=typechecker)
    check = functools.partial(checked_when_called, typechecker=typechecker)
    match thing:
        case classmethod() | staticmethod():
            return type(thing)(check(thing.__func__))
        case property():
            return property(
                *(each and check(each) for each in (thing.fget, thing.fset, thing.fdel))
            )
        case type():
            if dataclasses.is_dataclass(thing):
                thing.__init__ = check(thing.__init__)  # type: ignore[misc]
            return thing
    return check(thing)


jaxtyping.jaxtyped = only_shapes
