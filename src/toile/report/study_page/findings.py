"""The sections on the results: levels, pairs, sources of uncertainty, the test part."""

import math

from toile.report.study_page.next_readings import next_words
from toile.report.study_page.parts import Section
from toile.report.study_page.tables import (
    Correct,
    corrected_table,
    levels_table,
    noise_table,
    pair_noise_table,
    pairs_table,
    readings_table,
    runs_table,
    test_table,
)
from toile.statistics import Verdict, seed_correlation, trend_sentence
from toile.studies import StudyResult, corrected_scores, worths


def judged_sections(result: StudyResult, verdict: Verdict) -> list[Section]:
    """Sections on levels and pairs, and on the readings that would decide undecided pairs."""
    words = [trend_sentence(verdict)] if verdict.trend else []
    if not math.isnan(verdict.anova_p):
        chance = max(100 * verdict.anova_p, 0.1)
        words.append(
            "If all levels were equal, means would lie this far apart in "
            f"{'under ' * (chance == 0.1)}{chance:.3g} % of studies (Welch's analysis of variance)."
        )
    sections = [Section("Levels", tuple(words), tables=(levels_table(verdict, result),))]
    sentences = tuple(f"{worth.sentence}." for worth in worths(verdict, result.spec.levels))
    if sentences:
        sections.append(Section("What each augmentation is worth", sentences))
    if verdict.pairs:
        rule = (
            "p is corrected for the number of pairs by Holm's steps, and the intervals fit the "
            "verdicts: an interval without 0 means better or worse, one within the margin means "
            "the same. In simulations an interval contained the true difference in at least 93 of "
            "100 studies, and all intervals of a study did in at least 90. The last column says "
            "about how many more readings each level of an undecided pair needs."
        )
        sections.append(Section("Pairs", (rule,), tables=(pairs_table(verdict),)))
        sections.append(Section("More readings", tuple(next_words(result, verdict))))
    return sections


def noise_sections(result: StudyResult, correct: Correct) -> list[Section]:
    """The sources of uncertainty, if a level has two or more readings on the same images."""
    several = {name: right for name, right in correct.items() if len(right) > 1}
    tables = [noise_table(several)] if several else []
    if len(several) > 1:
        tables.append(pair_noise_table(several))
    words = []
    if tables:
        words.append(
            "A mean is uncertain for two reasons: other seeds would have trained other networks, "
            "and other images would have been harder or easier. More readings make only the first "
            "smaller. Levels that answer the same images share most of the second, so it is far "
            "smaller in a difference. The verdict is about these images."
        )
    shared = seed_correlation(result.table())
    if shared is not None:
        pairs = f"{shared.pairs} pair{'s' * (shared.pairs > 1)} of levels"
        words.append(
            f"Readings of two levels with the same seeds have a correlation of {shared.mean:+.2f} "
            f"(mean of {pairs}, up to {shared.seeds} seeds each). The tests do not use it."
        )
    if not words:
        return []
    return [Section("Where the uncertainty comes from", tuple(words), tables=tuple(tables))]


def readings_section(result: StudyResult) -> Section:
    """The reasons of lost readings, then every reading's accuracy."""
    lost = [reading for reading in result.readings if reading.status in ("diverged", "failed")]
    words = [
        f"{reading.level}, reading {reading.number} (seed {reading.seed}) {reading.status}"
        + (f": {reading.reason.rstrip('.')}." if reading.reason else ".")
        for reading in lost
    ]
    if lost:
        words.append("They are left out of all means.")
    return Section("Readings", tuple(words), tables=(readings_table(result), runs_table(result)))


def corrected_sections(result: StudyResult) -> list[Section]:
    """Accuracies by the data's labels and by corrected ones; no section without corrections."""
    scores = corrected_scores(result)
    if not scores:
        return []
    names = ["corrected", *(f"corrected-{number}" for number in range(2, len(scores) + 1))]
    return [
        Section(
            "Corrected labels",
            tuple(level.sentence for level in scores),
            tables=tuple(map(corrected_table, scores, names)),
        )
    ]


def test_sections(result: StudyResult) -> list[Section]:
    """The scores on the test part and how often it was opened; no section if it never was."""
    test = result.test
    if test is None:
        return []
    looks = f"{test.looks} time{'s' * (test.looks > 1)}"
    text = (
        f"Opened once for all readings on {test.when}, because: {test.why}. "
        f"These {test.images:,} images were looked at {looks} so far, by {test.networks} "
        "networks in all. Choosing a network by such a look makes its score too high. The verdict "
        "uses validation images alone."
    )
    sentences = tuple(filter(None, (text, test.seen)))
    return [Section("The test part", sentences, tables=(test_table(test),))]
