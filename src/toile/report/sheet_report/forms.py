"""A page as HTML, and as Markdown with its figures in files."""

from toile.report.page.render import render
from toile.report.sheet_report.blocks import Page, PageBlock
from toile.report.study_page.html import svgs_of
from toile.report.study_page.markdown import escaped, section_lines, with_words
from toile.report.study_page.parts import Section


def page_html(page: Page) -> str:
    """The page as HTML without scripts or external addresses."""
    figures = {
        drawing.name: {
            "svg": svgs_of(drawing),
            "wide": drawing.wide,
        }
        for block in page.blocks
        for drawing in block.drawings
    }
    return render("sheet.html", page=page, figures=figures)


def page_markdown(page: Page) -> str:
    """The page in GitHub's Markdown; it shows `<name>.svg` for each drawing."""
    lines = [f"# {escaped(page.title)}", escaped(page.kind), escaped(page.status)]
    lines += [f"**{escaped(page.loud)}**"] * bool(page.loud) + [escaped(page.intro)]
    lines.append(
        "\n".join(
            f"- {escaped(f'{card.label}: {card.value} ({card.note})')}" for card in page.cards
        )
    )
    for block in page.blocks:
        lines += _block(block)
    for section in page.sections:
        lines += section_lines(section)
    return with_words(lines)


def _block(block: PageBlock) -> list[str]:
    lines = [f"## {escaped(block.heading)}", escaped(block.status), escaped(block.question)]
    lines += [f"> {escaped(text)}" for text in block.written]
    lines.append(f"**{escaped(block.sentence)}**" if block.sentence else "")
    lines += map(escaped, block.findings)
    if block.pictures:
        lines.append(f"![{escaped(block.heading)}]({block.key}/images.png)")
    lines += [f"![{escaped(drawing.says)}]({drawing.name}.svg)" for drawing in block.drawings]
    section = Section("", block.words, block.facts, block.tables, block.commands)
    # The heading is above already.
    return [*lines, *section_lines(section)[1:]]
