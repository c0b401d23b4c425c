"""Keeping libraries' remarks on their own doings from the user."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def errors_alone(name: str | None) -> Iterator[None]:
    """The logger called `name`, or the root's, tells nothing but errors meanwhile."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
