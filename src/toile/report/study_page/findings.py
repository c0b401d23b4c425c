"""The sections on what the readings say: levels, pairs, doubt by its source, the test part."""

import math

from toile.report.study_page.next_readings import next_words
from toile.report.study_page.parts import Section
from toile.report.study_page.tables import (
    Hits,
    levels_table,
    noise_table,
    pair_noise_table,
    pairs_table,
    readings_table,
    runs_table,
    test_table,
)
from toile.studies import StudyResult, Verdict, seed_correlation, trend_sentence


def judged_sections(result: StudyResult, verdict: Verdict) -> list[Section]:
    """Levels and pairs, and what would decide what is open."""
    words = [trend_sentence(verdict)] if verdict.trend else []
    if not math.isnan(verdict.anova_p):
        chance = max(100 * verdict.anova_p, 0.1)
        words.append(
            "Were all levels equal, means this far apart would come up in "
            f"{'under ' * (chance == 0.1)}{chance:.3g} % of studies (Welch's analysis of variance)."
        )
    sections = [Section("Levels", tuple(words), tables=(levels_table(verdict, result),))]
    if verdict.pairs:
        rule = (
            "p is corrected for the number of pairs by Holm's steps, and each interval is of the "
            "level of its pair's step: it leaves out 0 exactly where the pair is told apart, and "
            "lies within the margin exactly where it is the same. In simulation an interval held "
            "its difference in at least 93 of 100 studies, and all intervals of a study held "
            "together in at least 90. About how many more readings each level needs, where that "
            "is open, stands last."
        )
        sections.append(Section("Pairs", (rule,), tables=(pairs_table(verdict),)))
        sections.append(Section("More readings", tuple(next_words(result, verdict))))
    return sections


def noise_sections(result: StudyResult, hits: Hits) -> list[Section]:
    """Doubt by its source, where two readings of a level or more have answered the same images."""
    several = {name: right for name, right in hits.items() if len(right) > 1}
    tables = [noise_table(several)] if several else []
    if len(several) > 1:
        tables.append(pair_noise_table(several))
    words = []
    if tables:
        words.append(
            "A mean is in doubt because other seeds would have trained other networks, and because "
            "other images would have been harder or easier. More readings shrink the first alone; "
            "the second stays. Levels that answer the same images share most of it, so it is far "
            "smaller in a difference. The verdict speaks of these images."
        )
    shared = seed_correlation(result.table())
    if shared is not None:
        pairs = f"{shared.pairs} pair{'s' * (shared.pairs > 1)} of levels"
        words.append(
            f"Over the seeds they share, readings of two levels correlate with {shared.mean:+.2f} "
            f"(mean of {pairs}, up to {shared.seeds} seeds each). The tests do not count on it."
        )
    if not words:
        return []
    return [Section("Where the doubt comes from", tuple(words), tables=tuple(tables))]


def readings_section(result: StudyResult) -> Section:
    """Every reading's accuracy, after those that have none."""
    lost = [one for one in result.readings if one.status in ("diverged", "failed")]
    words = [
        f"{one.level}, reading {one.number} (seed {one.seed}) {one.status}"
        + (f": {one.reason.rstrip('.')}." if one.reason else ".")
        for one in lost
    ]
    if lost:
        words.append("They are in no mean, so the means are of the readings that ended well.")
    return Section("Readings", tuple(words), tables=(readings_table(result), runs_table(result)))


def test_sections(result: StudyResult) -> list[Section]:
    """What came of opening the test part, beside how often that was done."""
    test = result.test
    if test is None:
        return []
    looks = f"{test['looks']} time{'s' * (test['looks'] > 1)}"
    said = (
        f"Opened once for all readings on {test['look']['when']}, because: {test['look']['why']}. "
        f"These {test['images']:,} images were looked at {looks} so far, by {test['networks']} "
        "networks in all; each look that a choice follows from makes a score flatter its network. "
        "The verdict is of validation alone."
    )
    return [Section("The test part", (said,), tables=(test_table(test),))]
