"""Templates filled in: HTML documents without scripts or outer addresses."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from toile.report.glossary import words_of
from toile.report.page import numbers

WORDS = "<!-- words -->"
"""Where they are put; what a page is made of has no < left that was not ours."""
TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **facts: Any) -> str:
    """The page that `template` makes of `facts`, its words explained at its end."""
    page = _templates().get_template(template).render(**facts)
    words = _templates().get_template("words.html").render(terms=words_of(page))
    return page.replace(WORDS, words)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        # Jinja escapes nothing by default, and class names are whatever a folder was called.
        autoescape=True,
        # A misspelt name would otherwise be written as nothing at all.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ways: dict[str, Any] = {
        way.__name__: way
        for way in (
            numbers.percent,
            numbers.with_ends,
            numbers.count,
            numbers.decimals,
            numbers.duration,
            numbers.shape,
        )
    }
    # Safe: the style is a file of ours.
    style = Markup((TEMPLATES / "page.css").read_text())  # noqa: S704
    templates.filters |= ways
    templates.globals |= {"style": style}
    return templates
