import math

import pytest

from toile.report.page.numbers import count, decimals, duration, percent, shape


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.84, "0.8 s"),
        (41.0, "41 s"),
        (59.6, "1 min 00 s"),
        (200.0, "3 min 20 s"),
        (3725.0, "1 h 02 min"),
        (None, "–"),  # noqa: RUF001
    ],
)
def test_durations_are_read_at_a_glance(seconds: float | None, written: str) -> None:
    assert duration(seconds) == written


def test_shares_have_two_decimals_and_counts_separators() -> None:
    assert percent(0.91325) == "91.33 %"
    assert decimals(0.27134) == "0.2713"
    assert count(1234567) == "1,234,567"
    assert shape((32, 26, 26)) == "32 × 26 × 26"  # noqa: RUF001


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_what_is_no_number_is_a_dash(missing: float | None) -> None:
    assert {percent(missing), decimals(missing), duration(missing)} == {"–"}  # noqa: RUF001
