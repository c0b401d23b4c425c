"""The content of the pages of sheets and searches."""

import shlex
from dataclasses import replace
from pathlib import Path

from toile.report.page.numbers import count, duration, percent
from toile.report.sheet_report.blocks import Page, PageBlock
from toile.report.sheet_report.exercises import Steps, exercise_block, searched_block
from toile.report.study_page.circumstances import circumstances
from toile.report.study_page.parts import Section, StudyCard
from toile.report.titles import search_title
from toile.runs import shown_remarks
from toile.searches import SearchResult, finalist_mean, trials_words
from toile.sheets import SheetResult
from toile.statistics import explained_once
from toile.studies import StudyResult

QUICK = (
    "This was a quick trial: few images, few epochs, few readings. It shows that the sheet runs; "
    "its numbers do not answer the exercises."
)


def sheet_page(result: SheetResult, steps: Steps) -> Page:
    """The page of a sheet in any state."""
    ended = [outcome for outcome in result.outcomes if outcome.ended]
    done = len(ended) == len(result.outcomes)
    blocks = [exercise_block(result, outcome, steps) for outcome in result.outcomes]
    sentences = explained_once(block.sentence for block in blocks)
    return Page(
        result.sheet.title,
        f"Sheet {result.sheet.name}",
        "\n\n".join(filter(None, [result.sheet.intro, _remarks(result.folder)])),
        QUICK if result.quick else "",
        done,
        "Finished" if done else f"{len(ended)} of {len(result.outcomes)} exercises",
        _sheet_cards(result, len(ended)),
        tuple(
            replace(block, sentence=sentence)
            for block, sentence in zip(blocks, sentences, strict=True)
        ),
        _environment(result.studies),
    )


def search_page(result: SearchResult) -> Page:
    """The page of a search that is not part of a sheet."""
    words = ["toile", "search", str(result.folder), "--out", f"{result.folder.name}-2"]
    block = PageBlock("What the trials found", "search", "", True, "", commands=shlex.join(words))
    studies = () if result.finalists is None else (result.finalists,)
    return Page(
        search_title(result.spec),
        f"Search {result.spec.name}",
        _remarks(result.folder),
        "",
        result.ended,
        "Finished" if result.ended else trials_words(result),
        _search_cards(result),
        (searched_block(block, result),),
        _environment(studies),
    )


def _remarks(folder: Path) -> str:
    return shown_remarks(folder).sentence


def _sheet_cards(result: SheetResult, ended: int) -> tuple[StudyCard, ...]:
    readings = sum(study.count("finished") for study in result.studies)
    trials = sum(
        len(outcome.search.trials) for outcome in result.outcomes if outcome.search is not None
    )
    noted = "of studies" if not trials else f"and {count(trials)} trials of searches"
    expected = sum(outcome.answer is not None for outcome in result.outcomes)
    return (
        StudyCard("Exercises", f"{ended} of {len(result.outcomes)}", "done"),
        StudyCard("Readings", count(readings), noted),
        StudyCard("Answers", count(expected), "kept as they were written"),
        StudyCard("Time", duration(result.seconds), "of training and scoring"),
    )


def _search_cards(result: SearchResult) -> tuple[StudyCard, ...]:
    cards = [StudyCard("Trials", count(len(result.trials)), trials_words(result))]
    for best in result.ranked()[:1]:
        cards.append(StudyCard("Best trial", percent(best.score), "on the images it was chosen by"))
        again = finalist_mean(result, best)
        if again is not None:
            cards.append(
                StudyCard("Trained again", percent(again[0]), f"mean of {again[3]} with new seeds")
            )
    cards.append(StudyCard("Time", duration(result.seconds), "trials and readings together"))
    return tuple(cards)


def _environment(studies: tuple[StudyResult, ...]) -> tuple[Section, ...]:
    """The sections on data and machine of the first study that has begun."""
    begun = next((study for study in studies if study.environment), None)
    if begun is None:
        return ()
    return tuple(
        section for section in circumstances(begun) if section.title in ("Data", "Machine")
    )
