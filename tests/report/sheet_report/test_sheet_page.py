"""A sheet's page says all that came of it, in both forms, and nothing that was not computed."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from toile.report.sheet_report.content import search_page, sheet_page
from toile.report.sheet_report.forms import page_html, page_markdown
from toile.report.sheet_report.pdf import page_pdf
from toile.sheets import read_answers, study_words
from toile.studies import study_sentence


class Closed(HTMLParser):
    """Every tag that is opened is closed, in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(sheet_result):
    return sheet_page(sheet_result, {})


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """What was drawn once, which takes two seconds."""
    return {}


@pytest.fixture
def html(page, pages) -> str:
    return pages.get("html") or pages.setdefault("html", page_html(page))


def test_each_exercise_has_its_question_answer_sentence_and_command(page):
    heads = [block.heading for block in page.blocks]
    assert heads == ["1. First nine", "2. Filters", "3. Best", "4. Worth it", "5. Away", "6. Last"]
    filters = page.blocks[1]
    assert (filters.question, filters.prompt) == ("Do more help?", "Which will be best?")
    assert (filters.expected, filters.answer) == ("64 & more", "")
    assert page.blocks[5].answer == "Neither"
    assert filters.sentence.startswith("For network.conv1.filters, 8 is worse than 64")
    assert [one.name for one in filters.tables] == [
        "levels",
        "readings",
        "reached",
        "ends",
        "pairs",
    ]
    assert [one.name.rpartition("-")[2] for one in filters.drawings] == [
        "readings",
        "pairs",
        "curves",
    ]
    assert "sheet.yaml --only 2 --quick --out" in filters.commands
    assert page.blocks[5].commands == ""
    assert page.status == "Finished"


def test_a_quick_one_says_so_loudly_and_a_whole_one_does_not(page, html, sheet_result):
    assert "its numbers do not answer the exercises" in page.loud
    assert "its numbers do not answer the exercises" in html
    assert "**This was a quick trial" in page_markdown(page)
    assert sheet_page(replace(sheet_result, quick=False), {}).loud == ""


def test_a_search_shows_what_was_chosen_beside_what_it_came_to(make_search):
    result = make_search()
    (block,) = search_page(result).blocks
    finalists = block.tables[0]
    assert finalists.heads[-6:] == (
        "When chosen",
        "Trained again",
        "95 % from",
        "to",
        "n",
        "Change",
    )
    best = result.ranked()[0]
    row = finalists.texts[0]
    assert row[0] == str(best.number)
    # Its readings were made .4 points lower on average.
    assert row[-1] == "-0.40"
    assert "chosen for being the highest is on average too high" in block.sentence
    assert "n = 5" in block.sentence
    assert "here it is 0.40 points above the mean with fresh seeds." in block.sentence
    assert len(block.tables[-1].rows) == 20


def test_before_the_finalists_are_read_there_is_no_result(make_search):
    page = search_page(make_search(finalists=False))
    assert page.blocks[0].sentence.startswith("No result yet: ")
    assert not page.ended


def test_a_comparison_is_judged_by_its_readings(page):
    assert '64 (exercise 2) is better than "trial 1": ' in page.blocks[3].sentence


def test_what_an_analysis_is_tested_at_is_explained_once(page, html):
    analyses = [block.sentence for block in page.blocks if "This is analysis 1" in block.sentence]
    assert len(analyses) == 3
    assert html.count("however many there will be") == 1


def test_what_was_taken_away_is_said_with_its_proof_and_where_the_picture_came_from(page):
    away = page.blocks[4]
    assert "100 of 100 validation images get the same class" in away.sentence
    assert "predicts Coat for validation-image.png, 90.00 % sure" in away.sentence
    assert "No photograph was named" in away.words[0]
    assert away.words[1] == "It is odd."


def test_of_one_level_mean_and_spread_are_said(sheet_result):
    study = sheet_result.outcomes[1].study
    five = replace(
        study,
        levels=study.levels[:1],
        readings=study.readings[:5],
        spec=study.spec.model_copy(update={"folds": 5}),
    )
    # The lab sheet's eight filters: 89.91, 88.85, 89.68, 89.39, 89.65.
    said = "The mean of 5 folds is 89.50 %, and their SD is 0.41 points"
    assert study_words(five).startswith(said)
    assert study_words(study) == study_sentence(study)


def test_what_is_not_done_is_said_to_be_to_do(sheet_result):
    first, *rest = sheet_result.outcomes
    empty = replace(sheet_result, outcomes=(replace(first, record=None), *rest))
    page = sheet_page(empty, {})
    assert page.status == "5 of 6 exercises"
    assert page.blocks[0].status == "to do"


def test_the_html_is_whole_safe_and_asks_no_other_host(html):
    text = html
    assert Closed(text.split("<!doctype html>")[1]).open == []
    assert "A sheet &lt;b&gt;" in text
    assert "<script" not in text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert addresses
    assert all(one.startswith(("data:", "#")) for one in addresses)


def test_the_markdown_has_every_figure_and_table(page):
    text = page_markdown(page)
    drawn = {one.name for block in page.blocks for one in block.drawings}
    assert drawn == set(re.findall(r"\]\((.+)\.svg\)", text))
    assert len(drawn) == 8
    assert "](1-first-nine/images.png)" in text
    assert r"64 \& more" in text
    assert text.count("| --- |") >= 5


def test_the_pdf_is_the_same_each_time_and_has_figures_and_pictures(page, sheet_result):
    first = page_pdf(page)
    assert first.startswith(b"%PDF-")
    assert page_pdf(sheet_page(sheet_result, {})) == first
    shown, *rest = page.blocks
    bare = tuple(replace(one, drawings=()) for one in rest)
    without_figures = page_pdf(replace(page, blocks=(shown, *bare)))
    without_pictures = page_pdf(replace(page, blocks=(replace(shown, pictures=()), *bare)))
    assert len(first) > len(without_figures) + 20_000
    assert len(without_figures) > len(without_pictures) + 1_000


def test_only_a_search_that_may_come_out_otherwise_says_so(make_search):
    words = {
        sampler: " ".join(search_page(make_search(sampler=sampler, pruner="none")).blocks[0].words)
        for sampler in ("tpe", "random")
    }
    assert "side by side which trial ends first decides" in words["tpe"]
    assert "which trial ends first" not in words["random"]


def test_a_page_has_each_drawing_for_a_small_screen_too(html):
    """The style shows one of the two; neither is drawn by what the other names."""
    text = html
    drawn = re.findall(r'<svg class="(broad|narrow)".*?</svg>', text, re.DOTALL)
    assert drawn == ["broad", "narrow"] * 8
    named = {
        kind: set(
            re.findall(
                r' id="([^"]+)"',
                "".join(re.findall(rf'<svg class="{kind}".*?</svg>', text, re.DOTALL)),
            )
        )
        for kind in ("broad", "narrow")
    }
    assert named["broad"]
    assert named["narrow"]
    assert not named["broad"] & named["narrow"]
    assert "svg.narrow { display: none; }" in text
    assert re.search(r"max-width: 560px\) \{\s*svg.broad \{ display: none; \}", text)


def test_words_are_explained_in_every_form(page, html):
    assert "<dt>margin</dt>" in html
    assert "- **margin**: The largest difference" in page_markdown(page)


def test_an_open_question_says_how_and_where_it_is_answered(sheet_result):
    *others, last = sheet_result.outcomes
    open_ = replace(sheet_result, outcomes=(*others, replace(last, answer=None)))
    block = sheet_page(open_, {}).blocks[5]
    assert block.status == "to be answered"
    assert "exercise-6: your answer  into answers.yaml" in block.words[0]
    folder = sheet_result.folder
    sheet = f"toile sheet run {folder}/sheet.yaml --only 6 --quick --out {folder}"
    assert block.commands == sheet
    (folder / "answers.yaml").write_text("exercise-6: Neither\n")
    assert read_answers(folder)[6].text == "Neither"


def test_images_that_training_and_validation_share_are_not_called_those_to_learn_from(page):
    assert ("Images for training and validation", "60,000") in page.blocks[0].facts
