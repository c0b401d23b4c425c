import math

import numpy as np
import pytest

from toile.evaluation import McNemar, mcnemar, paired_difference


def test_a_difference_is_of_the_images_that_one_alone_got_right():
    # 100 images, 8 lost and 2 gained: by hand (2.5 - 8.5) / 102 and its root.
    found = paired_difference(McNemar(80, 8, 2, 10, 0.1))
    assert (found.value, found.n) == (-0.06, 100)
    middle, variance = -6 / 102, (11 - 36 / 102) / 102**2
    assert found.low == pytest.approx(middle - 1.959964 * math.sqrt(variance))
    assert found.high == pytest.approx(middle + 1.959964 * math.sqrt(variance))


def test_networks_that_answer_alike_are_known_to_differ_by_little_and_not_by_nothing():
    found = paired_difference(McNemar(90, 0, 0, 10, 1.0))
    assert found.value == 0
    assert -0.03 < found.low < 0 < found.high < 0.03
    assert paired_difference(McNemar(0, 0, 0, 0, 1.0)).n == 0


def test_the_interval_holds_the_truth_in_nineteen_of_twenty_draws():
    rng = np.random.default_rng(0)
    kinds = rng.multinomial(200, [0.85, 0.06, 0.03, 0.06], 2000)
    held = [
        found.low <= -0.03 <= found.high
        for found in (paired_difference(McNemar(*map(int, one), 0.5)) for one in kinds)
    ]
    assert 0.935 < np.mean(held) < 0.97


def test_it_turns_round_with_the_two_networks():
    right = np.random.default_rng(1).random((2, 300)) < 0.8
    one, other = (paired_difference(mcnemar(*pair)) for pair in (right, right[::-1]))
    assert one.value == -other.value
    assert one.low == pytest.approx(-other.high)
