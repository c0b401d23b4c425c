"""Random streams: pure functions of seed, purpose and counters."""

import hashlib

import numpy as np
from scipy import stats

from toile.streams import numpy_stream, stream_seed


def test_the_seed_is_the_upper_63_bits_of_a_blake2b_of_the_words():
    # Written again from the definition: every run ever made depends on it.
    digest = hashlib.blake2b(b"7/order/2/5", digest_size=8).hexdigest()
    assert stream_seed(7, "order", 2, 5) == int(digest, 16) // 2
    assert stream_seed(0, "order", 1) == 2961819992523135983


def test_seed_purpose_and_each_counter_give_streams_of_their_own():
    seeds = {
        stream_seed(seed, purpose, *counters)
        for seed in range(10)
        for purpose in ("order", "dropout/dropout1", "init/conv1")
        for counters in ((), (0,), (1,), (0, 0), (0, 1), (1, 0))
    }
    assert len(seeds) == 10 * 3 * 6


def test_every_seed_fits_where_torch_and_numpy_take_one():
    assert all(0 <= stream_seed(2**63 - 1, "order", step) < 2**63 for step in range(1000))


def test_same_arguments_same_numbers_whatever_was_drawn_before():
    first = numpy_stream(3, "order", 1).random(5)
    numpy_stream(3, "order", 2).random(1000)
    np.testing.assert_array_equal(numpy_stream(3, "order", 1).random(5), first)


def test_streams_of_neighbouring_steps_are_uniform_and_unrelated():
    draws = np.array([numpy_stream(0, "order", step).random() for step in range(2000)])
    assert stats.kstest(draws, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 4 / np.sqrt(2000)
