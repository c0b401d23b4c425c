"""How numbers are said on a terminal."""

import pytest

from toile.cli.words import bytes_text


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (545_370, "545 kB"),
        (1_400_000, "1.4 MB"),
        (412_300_000, "412 MB"),
        (2_350_000_000, "2.4 GB"),
        (0, "0 kB"),
    ],
)
def test_bytes_are_said_in_the_unit_that_needs_few_digits(count, said):
    assert bytes_text(count) == said
