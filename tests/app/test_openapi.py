"""The page's types are those of the API."""

from pathlib import Path

from toile.app.openapi import openapi_text

ROOT = Path(__file__).parents[2]


def test_the_page_is_typed_by_the_api_as_it_is():
    # Else: make web
    assert (ROOT / "web" / "openapi.json").read_text() == openapi_text()
