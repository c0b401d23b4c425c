"""The damage that fuzz tests do is the same in every run, and is done."""

from tests.fuzzing import damaged

SEEDS = {"a": bytes(range(60, 90)), "b": b"size: 12", "nothing": b""}


def test_a_case_is_the_same_whatever_comes_after_it():
    few, many = list(damaged(SEEDS, 60)), list(damaged(SEEDS, 600))
    assert many[:60] == few
    assert list(damaged(SEEDS, 60, seed=1)) != few


def test_the_seeds_take_turns_and_are_hardly_ever_left_whole():
    cases = list(damaged(SEEDS, 300))
    assert [name for name, _, _ in cases[:4]] == ["a", "b", "nothing", "a"]
    assert sum(content == SEEDS[name] for name, _, content in cases if name != "nothing") < 10
