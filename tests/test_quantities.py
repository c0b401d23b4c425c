import math

import pytest

from toile.quantities import NumberFormat

FINE = NumberFormat(missing="-", tenths_below=90, minutes_below=90)
COARSE = NumberFormat(missing="?", tenths_below=10, minutes_below=60)


@pytest.mark.parametrize(
    ("seconds", "fine", "coarse"),
    [
        (0.84, "0.8 s", "0.8 s"),
        (41.26, "41.3 s", "41 s"),
        (59.6, "59.6 s", "1 min 00 s"),
        (303.0, "5 min 03 s", "5 min 03 s"),
        (3725.0, "62 min 05 s", "1 h 02 min"),
        (7800.0, "2 h 10 min", "2 h 10 min"),
    ],
)
def test_a_duration_has_as_many_digits_as_its_reader_asked_for(seconds, fine, coarse):
    assert (FINE.duration(seconds), COARSE.duration(seconds)) == (fine, coarse)


def test_fractions_losses_and_counts_are_rounded_and_grouped():
    assert (FINE.percent(0.91325), FINE.percent(0.91325, 1)) == ("91.33 %", "91.3 %")
    assert FINE.decimals(0.27134) == "0.2713"
    assert (FINE.count(1_234_567), FINE.count(86_999.7)) == ("1,234,567", "87,000")


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_what_is_unknown_or_not_finite_is_the_sign_for_it(unknown):
    for write in (COARSE.percent, COARSE.decimals, COARSE.count, COARSE.duration):
        assert write(unknown) == "?"
