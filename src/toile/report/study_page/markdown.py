"""The report as Markdown, with its figures in files."""

import re

from toile.report.glossary import terms_in
from toile.report.study_page.parts import Section, StudyReport
from toile.report.study_page.table import ReportTable


def study_markdown(report: StudyReport) -> str:
    """The report in GitHub's Markdown; it shows `<name>.svg` for each drawing."""
    lines = [f"# {escaped(report.title)}", f"Study {escaped(report.name)}"]
    lines += [escaped(report.status), f"**{escaped(report.sentence)}**", escaped(report.terms)]
    lines += [
        "\n".join(
            f"- {escaped(f'{card.label}: {card.value} ({card.note})')}" for card in report.cards
        )
    ]
    lines += [f"![{escaped(drawing.says)}]({drawing.name}.svg)" for drawing in report.drawings]
    for section in report.sections:
        lines += section_lines(section)
    return with_words(lines)


def with_words(lines: list[str]) -> str:
    """A document of these blocks; the terms that it uses are explained at its end."""
    text = "\n\n".join(line for line in lines if line)
    terms = [f"- **{escaped(term.name)}**: {escaped(term.meaning)}" for term in terms_in(text)]
    return "\n\n".join((text, "## What the words mean", "\n".join(terms))) + "\n"


def section_lines(section: Section) -> list[str]:
    """The heading of a section and the blocks below it."""
    facts = "\n".join(f"- {escaped(f'{name}: {value}')}" for name, value in section.facts)
    lines = [f"## {escaped(section.title)}", *map(escaped, section.words), facts]
    for table in section.tables:
        lines += [f"{escaped(table.title)}:", _table(table)]
    if section.code:
        # The fence has to be longer than any in the code.
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", section.code)), default=0))
        lines.append(f"{fence}\n{section.code.rstrip()}\n{fence}")
    return lines


def _table(table: ReportTable) -> str:
    rule = ["--:" if numeric else "---" for numeric in table.numeric]
    heads, *rows = [list(map(escaped, line)) for line in (table.heads, *table.texts)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *rows))


def escaped(text: str) -> str:
    """`text` as one line, with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", " ".join(text.split()))
