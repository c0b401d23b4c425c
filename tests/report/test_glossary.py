"""The words of reports are explained once, and the same on every page and in the docs."""

import re
from pathlib import Path

import pytest

from toile.report import glossary, run_page
from toile.report.glossary import GROUPS, glossary_markdown, terms_in, words_of

DOCS = Path(__file__).parents[2] / "docs"
REPORT = Path(glossary.__file__).parent
TERMS = [term for terms in GROUPS.values() for term in terms]
# A letter alone is the word only where a text uses it as one.
LETTERS = {"n": "n = 3", "p": "p is corrected"}


def test_the_docs_have_what_pages_say():
    assert (DOCS / "glossary.md").read_text() == glossary_markdown(), "write it anew: make docs"


def test_the_words_of_toile_and_of_its_statistics_are_there():
    asked = {
        "recipe", "reading", "level", "study", "sheet", "verdict", "ledger", "sealed", "look",
        "margin", "plan", "factor", "confidence interval", "Welch's t-test", "Holm's correction",
        "the same within the margin", "censored", "calibration", "F1",
    }  # fmt: skip
    assert asked <= {term.name for term in TERMS}


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_word_is_explained_in_two_sentences_at_most_and_found_by_its_name(term):
    assert term in terms_in(f"Here, {LETTERS.get(term.name, term.name)}, it stands.")
    assert 1 <= len(re.findall(r"[a-z0-9`)][.](?: |$)", term.meaning)) <= 2
    assert len(term.meaning) < 220


def test_no_word_is_explained_twice():
    assert len({term.name for term in TERMS}) == len(TERMS)


def names(text: str) -> list[str]:
    return [term.name for term in words_of(text)]


def test_words_are_found_in_what_is_read_and_not_in_how_it_is_written():
    page = (
        '<style>.loss { margin: 0 }</style><p class="recall">Two <b>levels</b>, Welch&#39;s t</p>'
    )
    assert names(page) == ["level", "Welch's t-test"]
    assert names("relearning rates of a level-headed subject") == []


def test_a_page_carries_the_words_it_uses_and_no_others(make_run):
    page = run_page(*make_run(), None)
    body, _, words = page.partition("What the words on this page mean")
    listed = re.findall(r"<dt>(.*?)</dt>", words)
    assert listed == [term.name.replace("'", "&#39;") for term in words_of(body)]
    assert {"recall", "calibration", "temperature"} <= set(listed)
    assert not {"level", "trial", "Hedges&#39; g"} & set(listed)
    assert '<a href="#words">' in body


IDIOMS = re.compile(
    r"luck\b|cannot be told|can be promised|flatter|read again|be told (?:apart|by|different)"
    r"|in no mean|says? nothing of|turn it round|looked best",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "source",
    sorted(REPORT.rglob("*.py")) + sorted(REPORT.rglob("*.html")),
    ids=lambda one: one.name,
)
def test_pages_say_it_without_idiom(source):
    """What a reader of English as a second language would stumble over, docstrings apart."""
    text = source.read_text()
    if source.suffix == ".py":
        text = re.sub(r'"""[^"]*"""|#.*', "", text)
    assert not IDIOMS.findall(text)
