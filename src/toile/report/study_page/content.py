"""The content of a study's report for every format: sentences, tables and figures."""

from toile.report.page.numbers import DASH, count, duration, percent
from toile.report.study_page.circumstances import circumstances, first_run
from toile.report.study_page.drawings import study_drawings
from toile.report.study_page.findings import (
    corrected_sections,
    judged_sections,
    noise_sections,
    readings_section,
    test_sections,
)
from toile.report.study_page.learning import learning_sections
from toile.report.study_page.parts import StudyCard, StudyReport
from toile.report.study_page.tables import Correct
from toile.report.titles import study_title
from toile.runs import shown_remarks
from toile.statistics import ALPHA, LOOKS, Verdict, folds_sentence, pooled_sd
from toile.studies import StudyResult, learning_curves, study_sentence


def study_report(result: StudyResult, correct: Correct) -> StudyReport:
    """The report of a study in any state; `correct` has the levels scored on the same images."""
    verdict, curves = result.verdict, learning_curves(result)
    judged = (
        [*judged_sections(result, verdict), *noise_sections(result, correct)] if verdict else []
    )
    ended = result.count("finished", "diverged", "failed")
    return StudyReport(
        result.spec.name,
        study_title(result.spec),
        "Finished" if result.ended else f"{ended} of {len(result.readings)} readings",
        result.ended,
        study_sentence(result),
        _terms(result, verdict),
        _cards(result, verdict),
        study_drawings(result, verdict, curves),
        (
            *judged,
            *corrected_sections(result),
            *learning_sections(result, curves),
            readings_section(result),
            *test_sections(result),
            *circumstances(result),
        ),
    )


def _cards(result: StudyResult, verdict: Verdict | None) -> tuple[StudyCard, ...]:
    finished = result.count("finished")
    note = f"finished, of {count(len(result.readings))} planned"
    cards = [
        StudyCard(
            "Levels",
            count(len(result.levels)),
            " and ".join([*["recipes"] * bool(result.spec.levels), *result.spec.vary]),
        ),
        StudyCard("Readings", count(finished), note),
    ]
    if verdict is not None:
        decided = sum(pair.verdict != "undecided" for pair in verdict.pairs)
        sd = pooled_sd([level.readings for level in verdict.levels])
        best = verdict.best
        chance = f"its mean less {100 * best.optimism:.2f} points of chance"
        expected = chance if best.optimism > 0 else "its mean"
        cards += [
            StudyCard(
                "Pairs decided", f"{decided} of {len(verdict.pairs)}", "better, worse or the same"
            ),
            StudyCard("Expected of the highest", percent(best.honest), f"{best.level}: {expected}"),
            StudyCard(
                "Spread of readings", DASH if sd is None else f"{100 * sd:.2f}", "points, SD"
            ),
        ]
    cards.append(StudyCard("Time", duration(result.seconds), "all readings together"))
    return tuple(cards)


def _terms(result: StudyResult, verdict: Verdict | None) -> str:
    """The user's notes, what a reading is, and which error rates the tests keep."""
    run = first_run(result)
    parts = [shown_remarks(result.folder).sentence]
    if run is not None:
        score = run.score
        weights = {"last": "the last epoch's weights", "ema": "averaged weights"}
        images = f"{score.n:,} images of {score.of}"
        parts.append(f"A reading is the accuracy of {weights[score.weights]} on {images}.")
    if verdict is not None:
        parts.append(
            "Differences are tested by Welch's t with Holm's correction, and whether levels are "
            f"the same within {100 / verdict.unit * verdict.margin:g} points by two one-sided "
            f"tests. If all levels were equal, at most {100 * ALPHA:g} % of such studies would "
            "find any difference, also when readings are added and the verdict is computed again: "
            "each analysis is tested more strictly than the one before."
        )
    if verdict is not None and result.spec.looks:
        looks = ", ".join(map(str, LOOKS))
        parts.append(f"Readings were added in steps fixed beforehand, to {looks} a level.")
    if result.spec.folds is not None:
        parts.append(folds_sentence(result.spec.folds))
    return " ".join(filter(None, parts))
