"""A page is called by its question, also where nobody wrote one."""

import pytest

from toile.report.titles import run_title, search_title, study_title
from toile.searches.spec import search_of
from toile.studies import study_of

FILTERS, RATE = "network.conv1.filters", "training.optimizer.sgd.learning_rate"


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"question": "How many?", "vary": {FILTERS: [8, 64]}}, "How many?"),
        ({"vary": {FILTERS: [8, 64]}}, "How does accuracy depend on filters?"),
        (
            {"vary": {FILTERS: [8, 64], RATE: [0.1, 0.2]}},
            "How does accuracy depend on filters and learning rate?",
        ),
        ({"levels": {"sgd": {}, "adam": {}}}, "Which has the highest accuracy: sgd or adam?"),
        (
            {"levels": {"sgd": {}}, "vary": {FILTERS: [8, 64]}},
            "How does accuracy depend on the recipe and filters?",
        ),
        ({"folds": 5}, "How accurate is s1-lab?"),
    ],
)
def test_a_study_is_called_by_what_it_asks(asked, title):
    assert study_title(study_of({"recipe": "s1-lab"} | asked)) == title


def test_a_search_is_called_by_what_it_searches():
    over = {FILTERS: "8..64", RATE: "1e-3..1e-1:log", "training.epochs": "1..5"}
    asked = {"recipe": "s1-lab", "over": over}
    title = "Which filters, learning rate and epochs give the highest accuracy?"
    assert search_title(search_of(asked)) == title
    assert search_title(search_of(asked | {"question": "What is best?"})) == "What is best?"


def test_a_run_is_called_by_what_it_answers(make_run):
    run, _ = make_run()
    assert run_title(run) == "How well does small tell the 2 classes of pets apart?"
