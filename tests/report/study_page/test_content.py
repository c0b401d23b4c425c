from dataclasses import replace

import numpy as np
import pytest

from toile.report.study_page import study_report
from toile.report.study_page.drawings import readings_words
from toile.report.study_page.learning import rising_words, soonest_words
from toile.statistics import judge_readings
from toile.studies import Factors, LearningCurve, LevelReached, study_sentence, study_summary

EPOCHS = {"5": [0.8915, 0.8992, 0.8914, 0.8822], "20": [0.9026, 0.9008, 0.9035, 0.8991]}


def words(report) -> str:
    return " ".join(sentence for section in report.sections for sentence in section.words)


def section(report, title):
    (found,) = [one for one in report.sections if one.title == title]
    return found


def test_the_report_says_what_the_verdict_says(epochs, correct):
    report = study_report(epochs, correct)
    assert report.title == "How many epochs?"
    assert report.sentence == study_sentence(epochs)
    cards = {card.label: (card.value, card.note) for card in report.cards}
    assert cards["Pairs decided"][0] == "1 of 3"
    # 20 is not told apart from 5: the greater of two means is .56 of their error too high.
    error = np.sqrt((np.var(EPOCHS["5"], ddof=1) + np.var(EPOCHS["20"], ddof=1)) / 2 / 4)
    luck = error / np.sqrt(np.pi)
    expected = (
        f"{100 * (0.9015 - luck):.2f} %",
        f"20: its mean less {100 * luck:.2f} points of chance",
    )
    assert cards["Expected of the highest"] == expected
    assert cards["Readings"] == ("12", "finished, of 12 planned")
    assert cards["Time"][0] == "6 min 00 s"


def test_scores_of_different_images_are_said_to_be_beside_the_verdict(epochs):
    reason = "data.name is one in level 2 and two in level 5"
    told = replace(epochs, other_images=reason)
    said = f"Mind that {reason}: a difference may come from the images that score"
    assert said in study_report(told, {}).sentence
    summary = study_summary(told)
    assert summary["other_images"] == reason
    assert said in summary["sentence"]
    assert "Mind that" not in study_report(epochs, {}).sentence


def test_what_a_reading_is_comes_from_the_run(epochs):
    said = study_report(epochs, {}).terms
    assert "the last epoch's weights on 4 images of validation" in said
    assert "at most 5 % of such studies would find any difference" in said


def test_levels_have_n_mean_and_interval(epochs):
    (table,) = section(study_report(epochs, {}), "Levels").tables
    level = epochs.verdict.levels[2]
    row = dict(zip(table.columns, table.rows[2], strict=True))
    assert row["level"] == "20"
    assert row["n"].value == 4
    assert row["mean"].value == pytest.approx(0.9015)
    assert (row["low"].value, row["high"].value) == (level.low, level.high)
    assert (table.texts[2][1], *table.texts[2][4:]) == ("90.15 %", "0.20", "4", "4")


def test_lost_readings_are_listed_counted_and_kept_out_of_the_mean(make_study):
    result = make_study(
        {"8": [0.9, 0.91, "diverged"], "16": [0.92, "failed", 0.93], "64": ["diverged"] * 3},
        reasons={"diverged": "the loss is no number at step 40"},
    )
    report = study_report(result, {})
    assert "8, reading 3 (seed 2) diverged: the loss is no number at step 40." in words(report)
    assert "16, reading 2 (seed 1) failed." in words(report)
    assert "So 64 has no mean and is in no pair." in report.sentence
    rows = section(report, "Levels").tables[0].texts
    assert rows == (
        ("8", "90.50 %", "84.15 %", "96.85 %", "0.71", "2", "3"),
        ("16", "92.50 %", "86.15 %", "98.85 %", "0.71", "2", "3"),
        ("64", "–", "–", "–", "–", "0", "3"),  # noqa: RUF001
    )
    readings = section(report, "Readings").tables[0]
    assert readings.texts[0] == ("8", "90.00 %", "91.00 %", "diverged")


def test_a_study_without_any_finished_reading_has_a_report(make_study):
    report = study_report(
        make_study({"8": ["waiting", "diverged"], "16": ["running", "failed"]}), {}
    )
    assert report.status == "2 of 4 readings"
    assert report.sentence.startswith("No reading has finished")
    assert not report.drawings
    assert [one.title for one in report.sections][:2] == ["Readings", "Varied"]


def test_one_reading_each_has_no_noise_and_no_spread_to_plan_by(make_study):
    report = study_report(make_study({"8": [0.9], "16": [0.91]}), {})
    titles = [one.title for one in report.sections]
    assert "Where the uncertainty comes from" not in titles
    assert (
        "The two highest, 16 and 8, need five readings each to show how far these spread"
        in words(report)
    )


def test_one_level_stands_alone(make_study):
    report = study_report(make_study({"8": [0.9, 0.91]}), {})
    assert "stands alone" in report.sentence
    assert [one.name for one in report.drawings] == ["readings", "curves"]
    assert "Pairs" not in [one.title for one in report.sections]


def test_noise_is_told_by_source_and_the_correlation_as_not_used(epochs, correct):
    doubt = section(study_report(epochs, correct), "Where the uncertainty comes from")
    assert [table.name for table in doubt.tables] == ["noise", "pair-noise"]
    assert len(doubt.tables[1].rows) == 3
    assert (
        "(mean of 3 pairs of levels, up to 4 seeds each). The tests do not use it"
        in (doubt.words[1])
    )


def test_what_more_readings_would_take_is_told_in_time_here(make_study):
    result = make_study({"8": [0.900, 0.904, 0.902], "16": [0.907, 0.901, 0.904]})
    (pair,) = result.verdict.pairs
    assert pair.verdict == "undecided"
    seconds = 2 * pair.more_readings * 30
    said = section(study_report(result, {}), "More readings").words[0]
    assert f"About {pair.more_readings} more readings of each would probably show" in said
    assert f"{seconds // 60} min {seconds % 60:02} s here one after another" in said
    assert f"{seconds // 120} min" in said  # on two cores


def test_looks_and_folds_are_owned_up_to(make_study):
    table = {"8": [0.9, 0.91], "16": [0.92, 0.93]}
    assert (
        "in steps fixed beforehand, to 5, 10, 20, 40 a level"
        in study_report(make_study(table, looks=True), {}).terms
    )
    assert "Bengio and Grandvalet 2004" in study_report(make_study(table, folds=2), {}).terms


def test_the_test_part_is_told_beside_the_count_of_looks(make_study):
    level = {"n": 2, "mean": 0.9, "sd": 0.01, "low": None, "high": None}
    look = {"when": "2026-11-20T12:00:00+00:00", "why": "the settings are chosen"}
    test = {"levels": {"8": level}, "images": 1000, "looks": 3, "networks": 17, "look": look}
    report = study_report(make_study({"8": [0.9, 0.91]}, test=test), {})
    part = section(report, "The test part")
    assert "because: the settings are chosen." in part.words[0]
    assert "looked at 3 times so far, by 17 networks in all" in part.words[0]
    assert part.tables[0].texts == (("8", "2", "90.00 %", "–", "–"),)  # noqa: RUF001
    assert "The test part" not in [
        one.title for one in study_report(make_study({"8": [0.9, 0.91]}), {}).sections
    ]


def test_seeds_settings_machine_and_the_command_are_there(make_study):
    report = study_report(
        make_study({"8": [0.9, 0.91], "16": [0.92]}, set={"training.epochs": 2}), {}
    )
    assert section(report, "Varied").facts == (("network.conv1.filters", "8, 16"),)
    assert section(report, "Held fixed").facts == (
        ("Recipe", "s1-lab"),
        ("training.epochs", "2"),
        ("Seeds", "0 to 1, the same at each level"),
    )
    assert ("torch", "2.13.0") in section(report, "Machine").facts
    assert section(report, "Repeat it").code.startswith("toile study ")
    assert "network.conv1.filters" in section(report, "The study's file").code


def test_how_soon_and_how_long_is_told_of_every_level(make_study):
    """Each reading is the run of conftest: .80, .90, .85 after 13.1 s an epoch."""
    result = make_study({"8": [0.9, "diverged"], "16": [0.91, 0.92]}, reach=[0.7, 0.88, 0.95])
    soon = section(study_report(result, {}), "How soon")
    reached, ends = soon.tables
    assert [row[:2] for row in reached.texts] == [
        (accuracy, level) for accuracy in ("70 %", "88 %", "95 %") for level in ("8", "16")
    ]
    assert reached.texts[3][2:] == ("2 of 2", "2", "26 s")
    assert reached.texts[2][2:] == ("1 of 2", "not reached in 1 of 2", "–")  # noqa: RUF001
    assert reached.texts[5][2:4] == ("0 of 2", "not reached in 2 of 2")
    assert ends.texts[1] == ("16", "2", "3", "2", "-5.00", "39 s")
    assert soon.words[0].startswith("At no level did the last epoch add more than the margin")


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((0.004, 0.02), "at 16: this has not converged"),
        ((0.006, 0.02), "at 8 and 16: these have not converged"),
        ((0.004, -0.02), "At no level did the last epoch add more than the margin of 0.5 points"),
        ((None, None), "Trainings of one epoch do not show whether accuracy still rises."),
    ],
)
def test_a_level_that_still_rises_has_not_converged(epochs, gains, said):
    curves = {}
    for level, gain in zip(("8", "16"), gains, strict=True):
        accuracies = (0.9,) if gain is None else (0.9, 0.9 + gain)
        seconds = tuple(float(epoch) for epoch in range(len(accuracies)))
        curves[level] = (LearningCurve(1, False, accuracies, seconds, 1),)
    assert said in rising_words(epochs, curves)


def test_a_study_of_two_factors_has_its_means_as_a_heat_map(make_study):
    table = {f"filters={one}, units={two}": [0.9, 0.91] for one in (8, 64) for two in (16, 32)}
    vary = {"network.conv1.filters": [8, 64], "network.dense1.units": [16, 32]}
    grid = make_study(table, vary=vary)
    values = [{"network.conv1.filters": a, "network.dense1.units": b} for a in "ab" for b in "cd"]
    levels = tuple(map(Factors, table, values))
    names = [one.name for one in study_report(replace(grid, levels=levels), {}).drawings]
    assert names == ["readings", "grid", "pairs", "curves"]


def reached(level: str, accuracy: float, epochs: float | None, seconds: float | None):
    return LevelReached(accuracy, level, 3, 3 if epochs else 1, epochs, seconds)


def test_the_soonest_is_told_at_the_highest_accuracy_that_most_levels_reached():
    """In epochs and in time another level may be the soonest."""
    said = soonest_words(
        (
            *(reached(level, 0.8, 1.0, 5.0) for level in ("8", "16", "64")),
            reached("8", 0.85, 3.0, 9.0),
            reached("16", 0.85, 1.5, 10.0),
            reached("64", 0.85, 1.0, 12.0),
            reached("8", 0.9, None, None),
            reached("16", 0.9, 5.0, 30.0),
            reached("64", 0.9, 4.0, 44.0),
        )
    )
    assert said == (
        "All levels reached an accuracy of 85 % after 1 epoch (64) to 3 epochs (8) and 9.0 s (8) "
        "to 12 s (64) (medians). Whether these differ by more than chance is not tested."
    )


def test_levels_that_never_were_as_good_are_named():
    said = soonest_words(
        (reached("a", 0.7, 1.0, 2.0), reached("b", 0.7, 1.0, 2.0), reached("c", 0.7, None, None))
    )
    assert "a and b reached an accuracy of 70 % after 1 epoch each and 2.0 s each (medians)" in said
    assert "At c half of the readings or more did not." in said
    assert soonest_words((reached("a", 0.7, 1.0, 2.0),)) == ""


def test_only_intervals_that_are_cut_are_said_to_go_on_beyond_the_edge():
    whole = judge_readings({"8": [0.1, 0.9], "16": [0.2, 0.8]})
    assert readings_words(whole) == "Each dot is a reading."
    cut = judge_readings({"8": [0.89, 0.90], "16": [0.91, 0.92]})
    assert readings_words(cut).endswith("Lines that reach the edge go on beyond it.")
