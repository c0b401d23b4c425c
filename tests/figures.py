"""Leaves the figures out of pages, for tests of what else a command or a page does."""

import io
from importlib import import_module

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure


def leave_out(patched: pytest.MonkeyPatch) -> None:
    """Let SVGs be empty, and a run's page have none, until `patched` is undone."""
    for name in ("toile.report.save", "toile.report.page.inline_svg"):
        patched.setattr(import_module(name), "write_svg", write_empty_svg)
    run_page = import_module("toile.report.page.run_page")
    for name in ("_curve", "_confusion", "_reliability"):
        patched.setattr(run_page, name, lambda *_: Markup("<svg></svg>"))


def write_empty_svg(figure: Figure, stream: io.BytesIO) -> None:
    """In place of drawing, which lays out every text."""
    stream.write(b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n')
