"""What looks cost, by simulation; the figures of the slow ones stand in docs/log.md."""

from toile.statistics import judge_readings
from toile.statistics.interim import LOOKS, next_look

STEADY = {"a": [90, 90.01, 90.02, 89.99, 90], "b": [80, 80.01, 80.02, 79.99, 80]}


def test_a_decided_study_asks_for_no_more():
    assert next_look(judge_readings(STEADY), 0) == {}


def test_only_levels_of_an_open_pair_get_more_readings():
    table = STEADY | {"c": [80.4, 79.5, 80.9, 79.1, 80.2]}
    assert next_look(judge_readings(table), 0) == {"b": 10, "c": 10}
    assert next_look(judge_readings(table), 2) == {"b": 40, "c": 40}


def test_after_the_last_look_nothing_more_is_asked(epochs):
    assert next_look(judge_readings(epochs), len(LOOKS) - 1) == {}
