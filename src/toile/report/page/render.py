"""Fills in templates: HTML documents without scripts or external addresses."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from toile.report.glossary import words_of
from toile.report.page import numbers

WORDS = "<!-- words -->"
"""Where the glossary is put. No text of a user can hold this: its < is escaped."""
TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **facts: Any) -> str:
    """`template` filled in with `facts`; the terms of the page are explained at its end."""
    page = _templates().get_template(template).render(**facts)
    words = _templates().get_template("words.html").render(terms=words_of(page))
    return page.replace(WORDS, words)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        # Jinja escapes nothing by default, and a class name may be any text.
        autoescape=True,
        # Otherwise a misspelt name would be left out in silence.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        function.__name__: function
        for function in (
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
    templates.filters |= filters
    templates.globals |= {"style": style}
    return templates
