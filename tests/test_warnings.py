"""Which warnings turn a test red, so that another package's release cannot."""

import warnings

import pytest


def is_red(category: type[Warning], module: str) -> bool:
    """Whether such a warning, given in `module`, is an error under the project's own filters."""
    with warnings.catch_warnings(record=True):
        try:
            warnings.warn_explicit("of some kind", category, "file.py", 1, module)
        except category:
            return True
    return False


@pytest.mark.parametrize(
    ("category", "module", "red"),
    [
        (UserWarning, "toile.data.load", True),
        (RuntimeWarning, "toile", True),
        (UserWarning, "tests.data.test_load", True),
        (UserWarning, "keras.src.models", False),
        (RuntimeWarning, "numpy.core", False),
        # What a release of another package deprecates is seen, and waits for `make test-newest`.
        (DeprecationWarning, "toile.data.load", False),
        (FutureWarning, "tests.data.test_load", False),
        # A leak is noticed anywhere.
        (ResourceWarning, "asyncio.base_events", True),
        (pytest.PytestUnraisableExceptionWarning, "_pytest.unraisableexception", True),
        (pytest.PytestUnhandledThreadExceptionWarning, "_pytest.threadexception", True),
    ],
)
def test_a_warning_is_an_error_where_our_code_is_at_fault(category, module, red):
    assert is_red(category, module) is red
