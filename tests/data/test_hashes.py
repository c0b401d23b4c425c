"""Whether a picture is known by its hashes: as numpy tells it, and whatever order they come in."""

import numpy as np
import pytest

from toile.data import are_in, is_known

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("order", ["sorted", "as they come"])
@pytest.mark.parametrize("num_known", [0, 1, 2, 1000])
def test_what_is_known_is_what_numpy_finds(order, num_known):
    known = RNG.integers(0, 2**64, num_known, dtype=np.uint64)
    known = np.unique(known) if order == "sorted" else known
    asked = RNG.integers(0, 2**64, (50, 2), dtype=np.uint64)
    asked[:20, 0] = np.resize(known, 20) if num_known else 0
    asked[20:30, 1] = np.resize(known[::-1], 10) if num_known else 0
    expected = np.isin(asked, known)
    assert np.array_equal(are_in(asked, known), expected)
    assert np.array_equal(is_known(asked, known), expected.any(1))
    assert expected[:30].any() == bool(num_known)


def test_the_ends_of_all_numbers_are_known_too():
    ends = np.array([0, 2**64 - 1], np.uint64)
    assert are_in(ends, ends).all()
    assert not are_in(ends, np.array([1], np.uint64)).any()
