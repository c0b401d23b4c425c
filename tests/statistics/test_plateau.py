import numpy as np

from toile.statistics import judge_readings, trend_sentence


def rising(means: dict[str, float], sd: float = 0.01) -> dict[str, list[float]]:
    """Six readings about each mean; at this spread all that differs is told apart."""
    steps = np.array([-1.5, -1, -0.5, 0.5, 1, 1.5]) * sd
    return {name: (mean + steps).tolist() for name, mean in means.items()}


def test_it_is_flat_from_the_level_whose_followers_are_all_the_same():
    verdict = judge_readings(rising({"8": 88, "16": 89, "32": 90, "64": 90, "128": 90}))
    assert verdict.plateau.to_json() == {"unseen_from": "32", "same_from": "32"}
    assert "It is flat from 32 on" in trend_sentence(verdict)


def test_levels_are_taken_as_they_grow_and_not_as_they_stand():
    verdict = judge_readings(rising({"64": 90, "8": 88, "32": 90, "16": 89}))
    assert verdict.plateau.same_from == "32"


def test_small_steps_that_add_up_are_no_plateau_from_their_first():
    # Neighbours are within the margin, the first and the last are not.
    verdict = judge_readings(rising({"1": 89.2, "2": 89.6, "4": 90}))
    assert verdict.plateau.same_from == "2"


def test_last_levels_that_differ_have_no_plateau():
    verdict = judge_readings(rising({"1": 90, "2": 90, "4": 92}))
    assert verdict.plateau.to_json() == {"unseen_from": None, "same_from": None}
    assert "the last two still differ" in trend_sentence(verdict)


def test_what_is_not_told_apart_is_not_called_flat(epochs, filters):
    verdict = judge_readings(epochs)
    assert verdict.plateau.to_json() == {"unseen_from": "5", "same_from": None}
    assert "that they are the same is not shown" in trend_sentence(verdict)
    assert "so nothing is known of where it flattens" in trend_sentence(judge_readings(filters))


def test_levels_all_the_same_are_said_to_be_and_to_have_no_trend():
    said = trend_sentence(judge_readings(rising({"1": 90, "2": 90, "4": 90})))
    assert "shows no rise or fall" in said
    assert said.endswith("All levels are the same within 0.5 points.")


def test_names_have_neither(filters):
    assert trend_sentence(judge_readings({"a": [90, 91], "b": [90, 92], "c": [91, 93]})) == ""
    assert judge_readings({"8": filters["8"], "16": filters["16"]}).plateau is None


def test_only_a_fall_that_matters_bends_a_rise():
    peak = judge_readings(rising({"1": 88, "2": 92, "4": 91}))
    slight = judge_readings(rising({"1": 88, "2": 92, "4": 91.8}))
    assert (peak.bent, slight.bent) == (True, False)
    assert [pair.verdict for pair in peak.pairs] == [pair.verdict for pair in slight.pairs]
    assert "both rise and fall" in trend_sentence(peak)


def test_a_trend_over_even_steps_is_told_by_the_step(dropout):
    verdict = judge_readings(dropout)
    said = f"{0.1 * verdict.trend.slope:+.3g} points with each step of 0.1"
    assert said in trend_sentence(verdict)
