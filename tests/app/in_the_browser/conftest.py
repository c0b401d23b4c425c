"""The system's Chromium, and visitors that come to a server of the workspace."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Server
from tests.app.in_the_browser.visitor import CHROMIUM, SWITCHES, Visitor


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark each test of this folder, for `make test-browser`."""
    item.add_marker("browser")


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    # No longer than a file's tests: its event loop runs on, and no other test could have one.
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, start: Callable[[Path], Server], workspace: Path) -> Iterator[Callable]:
    server = start(workspace)
    visitors: list[Visitor] = []

    def come(**context) -> Visitor:
        visitors.append(Visitor(chromium, server, **context))
        return visitors[-1]

    yield come
    for one in visitors:
        one.leave()
