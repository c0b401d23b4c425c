"""The page's types are those of the API, and it has words for every state of a run."""

import re
from pathlib import Path

from toile.app.openapi import openapi_text
from toile.runs import STATUSES

ROOT = Path(__file__).parents[2]


def test_the_page_is_typed_by_the_api_as_it_is():
    # Else: make web
    assert (ROOT / "web" / "openapi.json").read_text() == openapi_text()


def test_the_page_has_words_for_every_state_of_a_run():
    words = (ROOT / "web" / "src" / "lib" / "words.ts").read_text()
    _, states = words.split("export const STATES")
    assert set(STATUSES) <= set(re.findall(r"^  (\w+): \['", states, re.MULTILINE))
