"""What a file or module of another form makes impossible, in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from toile.errors import ToileError
from toile.recipe import first_fault


@contextmanager
def refusals(source: str, rule: str) -> Iterator[None]:
    """Errors inside the block become a ToileError; `rule` says what `source` does not keep to."""
    try:
        yield
    except RecursionError:
        raise ToileError(f"{source}: its sums stand too deep inside each other") from None
    except ValidationError as error:
        raise ToileError(f"{source}: no network here may have {first_fault(error)}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise ToileError(
            f"{source} is damaged: {rule} ({type(error).__name__}: {error!s:.60})"
        ) from None
