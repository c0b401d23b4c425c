"""The table of what differs between runs, in the width of a terminal."""

import pytest

from toile.cli.compare import _cut


@pytest.mark.parametrize(
    ("text", "wide", "shown"),
    [
        ("0123456789abcdef", 9, "0123..def"),
        ("0123456789abcdef", 16, "0123456789abcdef"),
        ("0123456789abcdef", 15, "0123456..abcdef"),
        ("", 9, ""),
    ],
)
def test_a_long_value_keeps_its_beginning_and_its_end(text, wide, shown):
    assert _cut(text, wide) == shown
    assert len(_cut(text, wide)) <= wide
