"""The app driven in the system's Chromium: one story, and every page through axe."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Server

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SWITCHES = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENS = {
    "classes": "#/data?data=fashion-sample",
    "a wall": "#/data?data=fashion-sample&view=pictures&num=40",
    "a large picture": "#/data?data=fashion-sample&view=pictures&num=40&picture=3",
    "likeness": "#/data?data=fashion-sample&view=alike",
    "copies": "#/data?data=fashion-sample&view=twice",
    "variation": "#/data?data=fashion-sample&view=varied&set=augmentation.rotate=20",
    "adding": "#/data?data=mnist&add=1",
    "runs": "#/runs",
    "side by side": "#/runs?pick=first&pick=second",
    "a form": "#/train",
    "a run": "#/train?run=first",
    "no such run": "#/train?run=nobody",
    "a network": "#/build?from=preset:quick",
    "a picture": "#/try?run=first",
    "shortcuts": "#/shortcuts",
}
XSS = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


class Visitor:
    """A page that asks this server alone, and on which nothing fails unseen."""

    def __init__(self, chromium, server: Server, **context) -> None:
        self.server = server
        self.page = chromium.new_context(**context).new_page()
        self.page.set_default_timeout(60_000)
        self.foreign: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(f"{server.url}#token={server.token}")
        # Shown once the workspace was read.
        self.page.get_by_text("Workspace", exact=True).wait_for(state="attached")

    def _asked(self, request) -> None:
        if not request.url.startswith((self.server.url, "blob:", "data:")):
            self.foreign.append(request.url)

    def go(self, address: str) -> None:
        self.page.evaluate("to => { location.hash = to }", address)
        self.page.locator("main h1").first.wait_for()

    def leave(self) -> None:
        assert self.foreign == []
        assert self.faults == []
        self.page.context.close()


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


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make web brings it")
def test_no_page_is_closed_to_anyone_in_both_themes_and_on_any_screen(visit):
    for theme in ("light", "dark"):
        visitor = visit(color_scheme=theme)
        for name, address in SCREENS.items():
            visitor.go(address)
            visitor.page.wait_for_timeout(600)
            for width, height in ((1440, 900), (1024, 768), (390, 844)):
                visitor.page.set_viewport_size({"width": width, "height": height})
                wide = visitor.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (name, width)
            visitor.page.set_viewport_size({"width": 1440, "height": 900})
            visitor.page.evaluate(AXE.read_text())
            found = visitor.page.evaluate("axe.run()")["violations"]
            said = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]
            assert said == [], (theme, name)


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


def test_the_whole_story(visit, workspace, few_garments):
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.page
    assert "token" not in page.url

    # Two runs side by side; what a user writes is shown and never run.
    visitor.go("#/runs")
    for name in ("first", "second"):
        page.get_by_label(f"Compare {name}").check()
    page.get_by_text("McNemar's exact test").wait_for()
    page.get_by_label("Name and note of second").click()
    page.get_by_role("textbox", name="Note").fill(XSS)
    page.get_by_role("button", name="Keep").click()
    page.locator("td.name", has_text="onerror").wait_for()
    assert "taken" not in page.title()
    page.reload()
    assert page.get_by_label("Compare first").is_checked()

    # A network by hand, from an empty list; a layer broken where it stands, and mended.
    visitor.go("#/build?from=nothing")
    page.get_by_text("No layer yet").wait_for()
    for kind in ("conv", "relu", "maxpool", "flatten", "dense"):
        page.get_by_role("button", name=f"+ {kind}", exact=True).click()
        page.get_by_role("button", name=f"Delete {kind}1").wait_for()
    train = page.get_by_role("button", name="Train this network")
    playwright.expect(train).to_be_enabled()
    kernel = page.locator("li", has=page.get_by_label("Delete conv1")).get_by_label("kernel")
    kernel.fill("40")
    kernel.press("Enter")
    page.get_by_role("alert").filter(has_text="network.conv1").or_(
        page.get_by_role("alert").filter(has_text="conv1:")
    ).wait_for()
    playwright.expect(train).to_be_disabled()
    page.get_by_role("button", name="Undo").click()
    playwright.expect(train).to_be_enabled()
    page.reload()
    page.get_by_role("button", name="Delete dense1").wait_for()

    # Trained, from the draft that was kept, and said with its interval.
    page.get_by_role("button", name="Train this network").click()
    page.get_by_role("button", name="Start training").wait_for()
    draft = page.url.split("recipe=")[1].split("&")[0]
    settings = [f"data.name={few_garments}", "training.epochs=2", "training.batch_size=64"]
    words = "".join(f"&set={one}" for one in settings)
    visitor.go(f"#/train?recipe={draft}{words}")
    playwright.expect(page.locator("[id='set-training.epochs']")).to_have_value("2")
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("answered right").wait_for(timeout=120_000)
    page.get_by_text("95 % interval").wait_for()

    # A drawing is answered, and is there again after a reload.
    page.get_by_role("link", name="Try it").click()
    sheet = page.get_by_label("Drawing sheet")
    sheet.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "Space"):
        page.keyboard.press(key)
    page.get_by_text("How the picture was prepared").wait_for()
    page.wait_for_timeout(1000)
    page.reload()
    page.get_by_text("How the picture was prepared").wait_for()

    # Deleted on request.
    visitor.go("#/runs")
    page.get_by_label("Delete first").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_label("Compare first").wait_for(state="detached")
    assert not (workspace / "first").exists()
