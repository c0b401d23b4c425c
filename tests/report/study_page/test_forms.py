"""The same report as HTML, Markdown, CSV, LaTeX and PDF."""

import builtins
import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from toile.errors import ToileError
from toile.report.study_page.content import study_report
from toile.report.study_page.csv_table import csv_readings, csv_table
from toile.report.study_page.html import study_html
from toile.report.study_page.latex import latex_table, latex_text
from toile.report.study_page.markdown import study_markdown
from toile.report.study_page.pdf import study_pdf
from toile.report.study_page.table import Quantity, ReportTable
from toile.statistics import judge_readings
from toile.statistics.table_file import table_of

HOSTILE = "</style><script>alert(1)</script>|`<img src=x onerror=alert(2)>"
NAMES = ["=1+1", "-1", "+cmd|' /C calc'!A0", "@x", "a;b", 'c,"d"', "e\tf", "'g", "-dropout"]


class Page(HTMLParser):
    """Tags that close in order, addresses, and the words outside <style>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "br"):
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def test_the_page_holds_every_sentence_and_number_and_asks_nobody(epochs, correct):
    report = study_report(epochs, correct)
    page = Page(study_html(report))
    text = re.sub(r"\s+", " ", " ".join(page.words))
    for sentence in [report.sentence, report.terms, *(w for s in report.sections for w in s.words)]:
        assert sentence in text
    for table in report.tables:
        assert all(cell in text for row in table.texts for cell in row)
    # As sentences write them: 90 %, with a space.
    assert re.search(r"\d %", text)
    assert not re.search(r"\d%", text)
    assert "script" not in page.tags
    assert all(address.startswith("#") for address in page.addresses)
    assert page.tags >= {"svg", "table", "details"}


def test_hostile_names_are_only_words_in_every_form(make_study):
    result = make_study(
        {HOSTILE: [0.9, 0.91, "failed"], "b": [0.92, 0.93, 0.94]},
        question=HOSTILE,
        reasons={"failed": HOSTILE},
    )
    report = study_report(result, {})
    page = Page(study_html(report))
    assert "script" not in page.tags
    assert "img" not in page.tags
    markdown = study_markdown(report)
    assert "<script" not in markdown.split("```")[0].replace(r"\<script", "")
    assert r"\<script\>" in markdown
    assert study_pdf(report).startswith(b"%PDF-")


def test_markdown_tables_have_as_many_cells_in_each_row(make_study):
    markdown = study_markdown(study_report(make_study({"a|b": [0.9, 0.91], "c": [0.92]}), {}))
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    cells = [len(re.split(r"(?<!\\)\|", row)) for row in rows]
    starts = [place for place, row in enumerate(rows) if row.startswith(("| ---", "| --:"))]
    for start in starts:
        assert cells[start] == cells[start - 1] == cells[start + 1]
    assert len(starts) == 6  # levels, pairs, reached, ends, readings, runs
    assert r"a\|b" in markdown
    assert "![" in markdown
    assert "(readings.svg)" in markdown


def test_a_fence_is_longer_than_any_inside(make_study):
    markdown = study_markdown(study_report(make_study({"8": [0.9]}, question="```\nx"), {}))
    assert "\n````\nversion: " in markdown


def test_readings_pasted_back_give_the_same_verdict(make_study):
    table = {name: [0.90 + k / 100, 0.901 + k / 100, "diverged"] for k, name in enumerate(NAMES)}
    result = make_study(table | {"64": [1 / 3, 0.95]}, vary={"network.conv1.filters": [8]})
    again = table_of(csv_readings(result), "readings.csv")
    assert again == {
        " ".join(name.split()): list(scores) for name, scores in result.scores().items()
    }
    verdict = judge_readings(again, margin=result.spec.margin, alpha=result.verdict.alpha)
    assert [one.to_json() for one in verdict.levels] == [
        one.to_json() for one in result.verdict.levels
    ]
    assert [one.verdict for one in verdict.pairs] == [one.verdict for one in result.verdict.pairs]


def test_no_spreadsheet_runs_a_cell_and_numbers_stay_numbers(make_study):
    result = make_study({name: [0.9, 0.8] for name in NAMES}, vary={"network.conv1.filters": [8]})
    report = study_report(result, {})
    for text in [csv_readings(result), *map(csv_table, report.tables)]:
        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
                    float(cell)
    assert "\n-1,0.9\n" in csv_readings(result)
    pairs = next(csv_table(table) for table in report.tables if table.name == "pairs")
    first = next(iter(csv.DictReader(io.StringIO(pairs))))
    assert float(first["low"]) < 0
    assert float(first["low"]) == result.verdict.pairs[0].low
    assert first["a"] == "'=1+1"
    assert first["more_readings"] == str(result.verdict.pairs[0].more_readings)
    levels = next(csv_table(table) for table in report.tables if table.name == "levels")
    assert next(iter(csv.DictReader(io.StringIO(levels))))["mean"] == repr(0.8500000000000001)


TABLE = ReportTable(
    "t",
    "A table",
    {"level": "Level", "share": "100% & more"},
    (("[a]_{$x$}~\\^#", Quantity(0.5, "50.00%")), ("ü 'q' \"r\"", Quantity(None, "–"))),  # noqa: RUF001
)


def test_latex_is_escaped_and_numbers_stand_right():
    assert latex_table(TABLE, "50 % of_it").splitlines() == [
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        r"\caption{50 \% of\_it}\smallskip",
        r"\begin{tabular}{lr}",
        r"\hline",
        r"{}Level & 100\% \& more \\",
        r"\hline",
        r"{}[a]\_\{\$x\$\}\textasciitilde{}\textbackslash{}\textasciicircum{}\# & 50.00\% \\",
        r"{}ü \textquotesingle{}q\textquotesingle{} \symbol{34}r\symbol{34} & -- \\",
        r"\hline",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_a_minus_is_one_in_latex_too():
    """In a number, also one that is a name; a hyphen between words stays one."""
    assert latex_text("−.5 – 0.5") == "$-$.5 -- 0.5"  # noqa: RUF001
    rows = (("pre-trained", Quantity(-0.5, "-0.50")), ("-1e-4", ""))
    written = latex_table(ReportTable("t", "", {"a": "A", "b": "B"}, rows), "")
    assert r"{}pre-trained & $-$0.50 \\" in written
    assert r"{}$-$1e$-$4 &" in written


def test_latex_has_no_character_left_that_acts():
    acting = set("\\{}$&#^_%~<>|\"'`")
    written_out = r"\\(text\w+\{\}|symbol\{34\}|[&%$#_{}])"
    assert re.sub(written_out, "", latex_text("".join(acting))) == ""


def test_the_pdf_is_the_same_each_time_and_has_the_figures(epochs, correct):
    first, second = (study_pdf(study_report(epochs, correct)) for _ in range(2))
    assert first == second
    bare = study_pdf(replace(study_report(epochs, correct), drawings=()))
    assert len(first) > len(bare) + 20_000


def test_without_typst_the_extra_is_named(epochs, monkeypatch):
    known = builtins.__import__

    def missing(name, *rest):
        if name == "typst":
            raise ModuleNotFoundError("No module named 'typst'", name="typst")
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ToileError, match=r"which a PDF needs: .*'\.\[report\]'"):
        study_pdf(study_report(epochs, {}))


def test_what_is_a_number_is_written_as_one(epochs, correct):
    for table in study_report(epochs, correct).tables:
        _, *rows = csv.reader(io.StringIO(csv_table(table)))
        assert len(rows) == len(table.rows)
        for row in rows:
            for cell, numeric in zip(row, table.numeric, strict=True):
                if numeric and cell:
                    float(cell)
