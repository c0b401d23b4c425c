"""The nearest name to a misspelt one."""

from toile.errors import did_you_mean


def test_a_misspelt_name_is_answered_with_the_nearest():
    assert did_you_mean("epoch", ["epochs", "batch_size"]) == "; did you mean epochs?"


def test_a_name_that_is_near_none_is_answered_with_nothing():
    assert did_you_mean("colour", ["epochs", "batch_size"]) == ""
    assert did_you_mean("", ["epochs"]) == ""
