"""What is said to be next, to whom, and reports that are opened."""

import json
import sys
import webbrowser
from dataclasses import replace
from pathlib import Path

import pytest

from toile.cli.hints import after_study, open_report
from toile.cli.terminal import hint, volume
from toile.studies import Factors, Reading, Study, StudyResult

SCORES = {"a": [0.90, 0.906, 0.899], "b": [0.904, 0.902, 0.908]}


def study(folder: Path, **scores: list[float]) -> StudyResult:
    readings = tuple(
        Reading(level, number, number, folder, "finished", score)
        for level, values in scores.items()
        for number, score in enumerate(values, start=1)
    )
    levels = tuple(Factors(name, {}) for name in scores)
    return StudyResult(folder, Study(recipe="s1-lab"), levels, readings)


@pytest.mark.parametrize(
    ("is_terminal", "as_json", "quiet", "is_said"),
    [
        (True, False, False, True),
        (False, False, False, False),
        (True, True, False, False),
        (True, False, True, False),
    ],
)
def test_a_hint_is_for_who_reads_a_terminal(
    monkeypatch, capsys, is_terminal, as_json, quiet, is_said
):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    monkeypatch.setattr(volume, "quiet", quiet)
    hint("next: this", as_json)
    assert (capsys.readouterr().err == "next: this\n") is is_said


def test_an_undecided_study_is_told_what_would_decide_it(tmp_path):
    open_ = study(tmp_path, **SCORES)
    said = after_study(open_)
    more = open_.verdict.pairs[0].more_readings
    assert f"toile study {tmp_path} --add-readings {more} would decide a pair" in said
    clear = study(tmp_path / "clear", a=[0.9, 0.901, 0.902], b=[0.8, 0.801, 0.802])
    assert "--open shows its report" in after_study(clear)
    waiting = replace(open_.readings[0], status="waiting", score=None)
    undone = StudyResult(tmp_path, open_.spec, open_.levels, (waiting, *open_.readings[1:]))
    assert after_study(undone) == f"next: toile study {tmp_path} continues it"


def test_a_report_is_opened_where_that_is_asked(tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    open_report(tmp_path / "report.html", False)
    assert opened == []
    open_report(tmp_path / "report.html", True)
    assert opened == [(tmp_path / "report.html").as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    open_report(tmp_path / "report.html", True)
    assert "no browser could be opened; the report is " in capsys.readouterr().err


def test_a_runs_page_is_opened_by_its_command(toile, among_runs, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    answer = toile("report", "last", "--open", "--json")
    assert opened == [Path(json.loads(answer.output)["files"][0]).resolve().as_uri()]
