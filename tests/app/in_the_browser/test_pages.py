"""Every page: closed to nobody, on any screen, and no larger than what it shows."""

from pathlib import Path

import pytest

from tests.app.in_the_browser.visitor import AXE, SCREENSHOTS

SCREENS = {
    "classes": "#/data?data=fashion-sample",
    "a wall": "#/data?data=fashion-sample&view=pictures&num=40",
    "a large picture": "#/data?data=fashion-sample&view=pictures&num=40&picture=3",
    "likeness": "#/data?data=fashion-sample&view=alike",
    "copies": "#/data?data=fashion-sample&view=twice",
    "variation": "#/data?data=fashion-sample&view=varied&set=augmentation.rotate=20",
    "adding": "#/data?data=mnist&add=1",
    "runs": "#/runs",
    "importing": "#/runs?import=1",
    "side by side": "#/runs?pick=first&pick=second",
    "a form": "#/train",
    "a run": "#/train?run=first",
    "no such run": "#/train?run=nobody",
    "a network": "#/build?from=preset:quick",
    "beside": "#/build?from=preset:quick&against=preset:s1-lab",
    "a picture": "#/try?run=first&also=second",
    "shortcuts": "#/shortcuts",
}
# What a screen shows when it has come.
SHOWN = {
    "classes": "Every class has 600 training pictures",
    "a wall": "40 of 6,000 training and validation pictures",
    "a large picture": "Point at a pixel",
    "likeness": "Closest in training",
    "copies": "No picture occurs twice",
    "variation": "unchanged",
    "adding": "Drop files here",
    "runs": "2 of 2 runs",
    "importing": "Drop a file here",
    "side by side": "McNemar's exact test",
    "a form": "multiply-adds per picture",
    "a run": "Recall of each class",
    "no such run": "No run here is called nobody",
    "a network": "Time and memory on this machine",
    "beside": "Difference",
    "a picture": "Draw here",
    "shortcuts": "Undo",
}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make web brings it")
def test_no_page_is_closed_to_anyone_in_both_themes_and_on_any_screen(visit):
    visitor = visit()
    page = visitor.page
    for name, address in SCREENS.items():
        page.set_viewport_size({"width": 1440, "height": 900})
        visitor.go(address)
        page.get_by_text(SHOWN[name]).first.wait_for()
        for theme in ("light", "dark"):
            assert visitor.violations(theme) == [], (theme, name)
        for width, height in ((1440, 900), (1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (name, width)
            if SCREENSHOTS:
                file = f"{name.replace(' ', '-')}-{width}.png"
                page.screenshot(path=Path(SCREENSHOTS) / file)


def test_the_first_page_asks_for_no_more_than_it_shows(visit):
    visitor = visit()
    visitor.go("#/runs")
    files = visitor.page.evaluate(
        "performance.getEntries().filter(one => 'decodedBodySize' in one)"
        ".map(one => [one.name, one.decodedBodySize])"
    )
    sizes = {name: size for name, size in files if "/api/" not in name}
    assert any(name.endswith(".js") and size > 10_000 for name, size in sizes.items())
    assert not any("Build" in name or "Try" in name for name in sizes)
    assert sum(sizes.values()) <= 250 * 1024, sizes
