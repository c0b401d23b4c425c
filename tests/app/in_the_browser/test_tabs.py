"""Tabs of one window of the system's Chromium: the hidden ones ask for nothing."""

import sys
import time
from pathlib import Path

import pytest

from tests.app.in_the_browser.visitor import CHROMIUM

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from app_chromium import Chromium, Tab

LOOKS_SECONDS = 3.0
ASKED = "performance.getEntriesByType('resource').filter(e => e.name.includes('/api/')).length"


def asked_meanwhile(tabs: list[Tab]) -> list[int]:
    """How many requests each tab sends to the API in the time of a few looks."""
    before = [tab.evaluate(ASKED) for tab in tabs]
    time.sleep(LOOKS_SECONDS)
    return [tab.evaluate(ASKED) - num for tab, num in zip(tabs, before, strict=True)]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")
def test_of_the_tabs_of_a_window_only_the_visible_one_asks_the_server(start, workspace):
    server = start(workspace)
    address = f"{server.url}#token={server.token}"
    with Chromium() as chromium:
        tabs = [chromium.open_tab(address) for _ in range(3)]
        tabs.append(chromium.open_tab(address, in_background=True))
        for tab, to in zip(tabs, ("runs", "train?run=first", "data", "runs"), strict=True):
            tab.evaluate(f"location.hash = '#/{to}'")
        for front in (0, 1, 2):
            tabs[front].show()
            tabs[front].wait_until("!document.hidden")
            tabs[front].wait_until("document.querySelector('main h1') !== null")
            # What it asked for when it was hidden a moment ago has been answered.
            time.sleep(1)
            asked = asked_meanwhile(tabs)
            assert asked.pop(front) > 0
            assert asked == [0, 0, 0]
        # Never looked at, it asked for its own files alone.
        assert tabs[3].evaluate(ASKED) == 0
        assert tabs[3].evaluate("document.title").startswith("Runs")
        tabs[3].show()
        tabs[3].wait_until("document.querySelector('tbody tr') !== null")
