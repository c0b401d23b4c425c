import json
import os

import pytest

from tests.command_line import call_in

SHEET = """
title: "Two exercises"
set: {data.name: fashion-sample, data.validation: 600, training.batch_size: 1000}
exercises:
  - title: The first four
    show: {images: 4}
  - title: Filters
    study: {vary: {network.conv1.filters: [2, 3]}, readings: 1, set: {training.epochs: 1}}
"""
WORDS = [
    "search", "s1-lab", "--over=network.conv1.filters=2..6", "--trials=2", "--finalists=1",
    "--readings=1", "--data=fashion-sample", "--epochs=1", "--set=training.batch_size=1000",
    "--set=data.validation=600", "--on=inline", "--name=filters", "--no-page",
]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A sheet with a study in it, and a search, without a report of the search's."""
    place = tmp_path_factory.mktemp("kept")
    (place / "lab.yaml").write_text(SHEET)
    for words in (["sheet", "run", "lab.yaml", "--quick", "--on=inline", "--no-ask"], WORDS):
        done = call_in(place, *words)
        assert done.code == 0, done.errors
    return place / "runs"


@pytest.fixture(autouse=True)
def beside(runs, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(runs))


ALL = [f"--format={name}" for name in ("html", "md", "csv", "tex", "pdf")]
PAGES = {"report.html", "report.md", "tables.tex", "report.pdf"}


@pytest.mark.parametrize(
    ("name", "kind", "files"),
    [
        (
            "lab",
            "sheet",
            {
                *(f"2-filters-{one}.svg" for one in ("readings", "pairs", "curves")),
                *(
                    f"tables/2-filters-{one}.csv"
                    for one in ("levels", "readings", "reached", "ends", "pairs")
                ),
            },
        ),
        (
            "filt",
            "search",
            {
                "search-trials.svg", "search-readings.svg", "search-curves.svg", "search-best.svg",
                "tables/search-trials.csv",
                "tables/search-finalists.csv", "tables/search-levels.csv",
            },
        ),
        (
            "lab-quick/2-filters",
            "study",
            {
                "readings.svg", "pairs.svg", "curves.svg",
                *(
                    f"tables/{one}.csv"
                    for one in ("levels", "pairs", "reached", "ends", "readings", "runs")
                ),
            },
        ),
    ],
)  # fmt: skip
def test_each_kind_is_written_in_every_form(toile, runs, name, kind, files):
    answer = toile("report", name, *ALL, "--json")
    assert answer.code == 0, answer.errors
    said = answer.json
    assert said["kind"] == kind
    written = {os.path.relpath(path, said["folder"]) for path in said["files"]}
    assert written == PAGES | files
    assert all(os.path.getsize(path) > 20 for path in said["files"])


def test_html_is_what_is_written_unless_asked_and_last_is_the_newest_of_all(toile, runs):
    answer = toile("report", "last")
    assert answer.output.splitlines() == [str(runs / "filters" / "report.html")]
    assert "on the images it was chosen by" in (runs / "filters" / "report.html").read_text()


def test_a_run_has_a_page_alone_and_says_so(toile, runs):
    reading = runs / "lab-quick" / "2-filters" / "readings" / "2-1"
    answer = toile("report", reading, "--format=html", "--format=pdf")
    assert answer.code == 2
    assert "pdf is no form of a run's report; it is written as html" in answer.errors
    assert not (reading / "report.html").exists()
    assert toile("report", reading).output.strip() == str(reading / "report.html")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lab", "--format=docx"], "docx is no form of a sheet's report; it is written as html"),
        (["fliters"], "no run, study, search or sheet in "),
        (["fliters"], "; did you mean filters?"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(toile, words, message):
    answer = toile("report", *words)
    assert answer.code == 2
    assert message in answer.errors
    assert "Traceback" not in answer.errors


def test_both_are_listed_with_how_far_they_are(toile):
    listed = toile("studies", "--json").json["studies"]
    assert [(one["name"], one["kind"], one["state"]) for one in listed] == [
        ("filters", "search", "finished"),
        ("lab-quick", "sheet", "finished"),
    ]
    assert [(one["done"], one["planned"]) for one in listed] == [(2, 2), (2, 2)]
    assert "chosen for being the highest" in listed[0]["sentence"]


def test_a_search_without_its_summary_is_told_by_its_trials(toile, runs):
    summary = runs / "filters" / "summary.json"
    said = summary.read_text()
    summary.unlink()
    listed = toile("studies", "--json").json["studies"][0]
    assert (listed["done"], listed["sentence"]) == (2, json.loads(said)["sentence"])
    summary.write_text(said)
