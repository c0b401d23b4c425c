"""The app driven in the system's Chromium: one story, and every page through axe."""

import base64
import io
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import Server, until
from tests.app.photographs import photograph, photograph_album
from toile.runs import DataList, Run
from toile.workbench import export_run

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
    "bringing": "#/runs?bring=1",
    "side by side": "#/runs?pick=first&pick=second",
    "a form": "#/train",
    "a run": "#/train?run=first",
    "no such run": "#/train?run=nobody",
    "a network": "#/build?from=preset:quick",
    "beside": "#/build?from=preset:quick&against=preset:s1-lab",
    "a picture": "#/try?run=first&also=second",
    "shortcuts": "#/shortcuts",
}
XSS = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

# What a screen shows when it has come, where that takes its time.
SHOWN = {
    "classes": "Every class has 600 training pictures",
    "a wall": "40 of 6,000 training and validation pictures",
    "a large picture": "Point at a pixel",
    "likeness": "Closest in training",
    "copies": "No picture is there twice",
    "variation": "as it is",
    "bringing": "How its pictures were scaled",
    "side by side": "McNemar's exact test",
    "a run": "Recall of each class",
    "a network": "What it takes on this machine",
    "beside": "Difference",
}
# Where pictures of every screen go, to be looked at.
SCREENSHOTS = os.environ.get("TOILE_SCREENSHOTS", "")
AROUND = [
    ("<script>", "</script>"), ("<img src=x onerror=", ">"), ("<svg onload=", ">"),
    ("'-", "-'"), ("{{", "}}"),
    ("javascript:", ""), ('"><body onpageshow=', ">"), ("{@html '", "'}"), ("${", "}"),
    ("<iframe srcdoc='<script>", "</script>'>"), ("</textarea><script>", "</script>"),
    ("<details open ontoggle=", ">"), ("<a href=javascript:", ">x</a>"), ("<marquee onstart=", ">"),
    ("<math><mtext></style><img src onerror=", ">"), ("x <script>", "</script>"),
    ("<input autofocus onfocus=", ">"), ("<video><source onerror=", ">"),
    ("<!--><script>", "</script>"), ("<style onload=", "></style>"),
]  # fmt: skip
ACTS = ("window.taken=1", "document.title='taken'", "alert(1)", "fetch('x:')", "taken()")
PAYLOADS = [opening + act + closing for act in ACTS for opening, closing in AROUND]
KEEP_NOTE = """async note => {
    const headers = {'X-Toile-Token': sessionStorage.getItem('toile-token')}
    headers['Content-Type'] = 'application/json'
    const body = JSON.stringify({note})
    const answer = await fetch('api/runs/second', {method: 'PATCH', headers, body})
    if (!answer.ok) throw new Error(await answer.text())
}"""
AS_DROPPED = """([name, text]) => {
    const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], name))
    return data
}"""
VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"
NAME_OF_FOCUSED = """() => {
    const one = document.activeElement
    const label = one.getAttribute('aria-label') || one.labels?.[0]?.innerText
    return (label || one.innerText || '').trim()
}"""

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")


def as_folder(name: str) -> str:
    """The name without what no folder in a zip may have."""
    return name.replace("/", "|").replace(":", ";")


def album_of(names: list[str]) -> bytes:
    """A zip of class folders with a picture of each of three sizes."""
    file, rng = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            for side in (9, 10, 11):
                picture = io.BytesIO()
                pixels = rng.integers(0, 256, (side, 8), dtype=np.uint8)
                Image.fromarray(pixels).save(picture, "PNG")
                archive.writestr(f"{as_folder(name)}/{side}.png", picture.getvalue())
    return file.getvalue()


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
    visitor = visit()
    page = visitor.page
    for name, address in SCREENS.items():
        page.set_viewport_size({"width": 1440, "height": 900})
        visitor.go(address)
        page.wait_for_timeout(400)
        if (shown := SHOWN.get(name)) is not None:
            page.get_by_text(shown).first.wait_for()
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text())
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            found = page.evaluate(VIOLATIONS)
            said = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]
            assert said == [], (theme, name)
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


OPENING = {
    "title": "opening fashion-sample",
    "status": "working",
    "done": 3,
    "total": 9,
    "unit": "files",
    "reason": "",
    "started": 0.0,
}


@pytest.mark.parametrize(
    ("address", "asked"),
    [("view=varied", "**/varied"), ("view=pictures&num=9&picture=3", "**/pictures/3")],
    ids=["varied", "large"],
)
def test_a_page_shows_how_far_an_opening_is_and_asks_no_more_once_it_is_stopped_or_left(
    visit, address, asked
):
    visitor = visit()
    page, questions, stops = visitor.page, [], []

    def still_opening(route) -> None:
        questions.append(route.request.url)
        route.fulfill(status=202, json=OPENING)

    page.route(asked, still_opening)
    page.on("request", lambda request: stops.append(request.url.endswith("/stop")))
    page.clock.install()

    def asks_no_more() -> bool:
        num = len(questions)
        for _ in range(3):
            page.clock.fast_forward(1000)
            # Answered after all that was asked before it.
            page.evaluate("fetch('index.html').then(said => said.text())")
        return len(questions) == num

    visitor.go(f"#/data?data=fashion-sample&{address}")
    page.get_by_text("3 of 9 files").wait_for()
    if "num=9" in address:
        # Else its own opening has a button of this name.
        page.get_by_text("9 of 6,000 training and validation pictures").wait_for()
    with page.expect_request(asked):
        page.clock.fast_forward(1000)
    assert not asks_no_more()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Opening the pictures was stopped").wait_for()
    assert any(stops)
    assert asks_no_more()

    visitor.go("#/runs")
    visitor.go(f"#/data?data=fashion-sample&{address}")
    page.get_by_text("3 of 9 files").wait_for()
    visitor.go("#/runs")
    page.get_by_role("heading", name="Runs").wait_for()
    assert asks_no_more()


def look_at_the_data(visitor) -> None:
    """A class, its pictures, one of them large with its values, and how it may be varied."""
    page = visitor.page
    visitor.go("#/data?data=fashion-sample")
    page.get_by_role("button", name="Trouser").click()
    page.get_by_role("button", name="Trouser, picture").first.click()
    sheet = page.get_by_role("dialog").get_by_role("img")
    sheet.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_text("Row 1, column 0").wait_for()
    page.get_by_role("link", name="Vary it").click()
    page.get_by_label("Rotate").wait_for()
    page.get_by_label("Rotate").fill("20")
    page.get_by_label("Varied, 8 of 8").wait_for()


def add_photographs(visitor, folder) -> None:
    """A zip with a hundred classes whose names would each run as code: refused, mended, inert."""
    page = visitor.page
    file = folder / "a photo album.zip"
    file.write_bytes(album_of(PAYLOADS))
    visitor.go("#/data?data=fashion-sample&add=1")
    page.get_by_label("Choose files").set_input_files(file)
    page.get_by_role("alert").filter(has_text="data.size_px").wait_for()
    page.get_by_label("Size in px").fill("8")
    page.get_by_role("button", name="Read again", exact=True).first.click()
    page.get_by_text("a-photo-album was added").wait_for()
    page.get_by_text(as_folder(PAYLOADS[0])).first.wait_for()
    for view in ("pictures", "alike", "twice"):
        visitor.go(f"#/data?data=a-photo-album&view={view}")
        page.get_by_role("button", name="Copies").wait_for()
    # Notes, the names of runs' files and of drafts come the same way.
    page.evaluate(KEEP_NOTE, "\n".join(PAYLOADS))
    visitor.go("#/runs")
    page.locator("td.name", has_text=PAYLOADS[0][:20]).wait_for()
    assert page.evaluate("window.taken") is None
    assert page.title() != "taken"


class Keyboard:
    """Somebody without a mouse."""

    def __init__(self, page) -> None:
        self.page = page

    def go(self, name: str, most: int = 120) -> None:
        """Tab until what has this name is focused, as a reader of the screen would say it."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(NAME_OF_FOCUSED).lower().startswith(name.lower()):
                shown = "getComputedStyle(document.activeElement).outlineStyle"
                assert self.page.evaluate(shown) != "none", name
                return
        raise AssertionError(f"no Tab leads to {name}")

    def press(self, name: str, key: str = "Enter") -> None:
        self.go(name)
        self.page.keyboard.press(key)

    def type(self, name: str, text: str) -> None:
        self.go(name)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")


def build_by_keyboard(hand: Keyboard) -> None:
    """s1-lab from an empty list, a layer broken and mended, with fewer filters to be quicker."""
    page = hand.page
    page.keyboard.press("2")
    page.get_by_role("heading", name="Build").wait_for()
    page.get_by_role("button", name="+ conv", exact=True).wait_for()
    hand.go("Network")
    page.keyboard.type("nothing")
    page.get_by_text("No layer yet").wait_for()
    kinds = ["conv", "relu", "maxpool", "flatten", "dense", "relu", "dense"]
    for at, kind in enumerate(kinds):
        hand.press(f"+ {kind}")
        name = f"{kind}{kinds[: at + 1].count(kind)}"
        page.get_by_role("button", name=f"Delete {name}").wait_for()
    hand.type("kernel", "40")
    page.get_by_text("What would work").wait_for()
    hand.press("padding same")
    page.get_by_text("What would work").wait_for(state="detached")
    hand.type("kernel", "3")
    hand.type("filters", "8")
    hand.type("units", "16")
    hand.go("For pictures as those of")
    page.keyboard.type("fashion-sample")


def train_by_keyboard(visitor: Visitor, hand: Keyboard) -> str:
    """The name of a run that was stopped in the middle and taken to its end."""
    page = hand.page

    def has_begun() -> bool:
        history = visitor.server.ask("GET", f"runs/{run}/history")
        return history.status_code == 200 and history.json()["records"] != []

    hand.press("Train this network")
    page.get_by_role("button", name="Start training").wait_for()
    hand.type("epochs", "8")
    hand.press("Start training")
    page.get_by_role("button", name="Stop", exact=True).wait_for()
    run = page.url.split("run=")[1].split("&")[0]
    until(has_begun)
    hand.press("Stop")
    page.locator(".tag", has_text="stopped").wait_for(timeout=120_000)
    hand.press("Continue")
    page.get_by_role("status").filter(has_text="95 % interval").wait_for(timeout=600_000)
    return run


def test_the_whole_story_by_keyboard_alone(visit):
    visitor = visit(viewport={"width": 1280, "height": 900})
    page, hand = visitor.page, Keyboard(visitor.page)
    page.keyboard.press("1")
    page.get_by_role("heading", name="Data", exact=True).wait_for()
    page.get_by_role("button", name="fashion-sample").wait_for()
    hand.press("fashion-sample")
    page.get_by_text("Every class has 600 training pictures").wait_for()
    build_by_keyboard(hand)
    run = train_by_keyboard(visitor, hand)

    page.keyboard.press("4")
    page.get_by_role("heading", name="Runs").wait_for()
    for name in ("first", "second"):
        page.get_by_label(f"Compare {name}").wait_for()
        hand.press(f"Compare {name}", "Space")
    page.get_by_text("McNemar's exact test").wait_for()
    hand.press(f"Star {run}")
    page.locator(f"[aria-label='Star {run}'][aria-pressed=true]").wait_for()
    hand.press(f"Delete {run}")
    page.get_by_text("was deleted").wait_for()
    hand.press("Undo")
    page.get_by_text("is back").wait_for()


def from_drop_to_answer(visitor, album: bytes, picture: bytes, look=lambda name: None) -> str:
    """What a network says of `picture` after it has learnt from an `album` that was dropped.

    `look` is called on every screen of the way.
    """
    page = visitor.page
    visitor.go("#/data?data=fashion-sample&add=1")
    page.get_by_text("Drop files here").wait_for()
    look("add")
    text = base64.b64encode(album).decode()
    dropped = page.evaluate_handle(AS_DROPPED, ["my photos.zip", text])
    page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    # Photographs differ in size: the page says so, and where to write one.
    page.get_by_text("write the size all are brought to above").wait_for(timeout=120_000)
    look("sizes")
    page.get_by_label("Size in px").fill("32")
    page.get_by_role("button", name="Read again", exact=True).first.click()
    page.get_by_text("my-photos was added").wait_for(timeout=120_000)
    page.get_by_role("link", name="Train on it").wait_for(timeout=120_000)
    look("added")
    page.get_by_role("link", name="Train on it").click()
    page.get_by_role("button", name="Start training").wait_for()
    playwright.expect(page.get_by_label("Pictures", exact=True)).to_have_value("my-photos")
    look("form")
    # Of so few it takes more epochs than of tens of thousands, which the page says and sets.
    page.get_by_role("button", name=re.compile(r"Set \d+ epochs")).click()
    page.get_by_text("are few to learn from").wait_for(state="detached")
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("status").filter(has_text="95 % interval").wait_for(timeout=600_000)
    look("trained")
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("Drawing sheet").wait_for()
    photo = {"name": "a photo.jpg", "mimeType": "image/jpeg", "buffer": picture}
    page.get_by_label("Open a picture").set_input_files(photo)
    page.get_by_text("How the picture was prepared").wait_for(timeout=120_000)
    look("answer")
    return page.locator(".said .big").inner_text()


def test_photographs_of_ones_own_go_from_a_drop_to_an_answer(visit):
    visitor = visit(viewport={"width": 1280, "height": 900})
    album = photograph_album(60, (400, 500))
    picture = photograph("leaf", np.random.default_rng(9), (400, 500))
    assert from_drop_to_answer(visitor, album, picture) == "leaf"


def test_a_run_that_cannot_be_continued_says_why_in_place_of_the_form(visit, workspace):
    # As of a bundle.
    shutil.rmtree(workspace / "second" / "checkpoint")
    visitor = visit()
    page = visitor.page
    visitor.go("#/train?run=first")
    page.get_by_label("Continue to").wait_for()
    assert page.get_by_role("link", name="Begin a new run with its weights").count() == 0
    visitor.go("#/train?run=second")
    page.get_by_text("second has no checkpoint to continue from").wait_for()
    assert page.get_by_label("Continue to").count() == 0
    page.get_by_role("link", name="Begin a new run with its weights").click()
    playwright.expect(page.get_by_label("Run", exact=True)).to_have_value("second")


def test_a_training_stopped_while_it_prepares_says_that_nothing_is_left_of_it(startup, visit):
    visitor = visit()
    page, gate = visitor.page, startup.hold()
    visitor.go("#/train?recipe=preset:s1-lab&set=data.name=fashion-sample")
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("Preparing: the process starts").wait_for()
    # Opened once a process reads it.
    with gate.open("w"):
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped before it began").wait_for()
    assert page.get_by_role("button", name="Stop").count() == 0


def test_a_network_from_elsewhere_is_brought_refused_and_becomes_a_run(
    visit, workspace, few_garments, tmp_path
):
    DataList(workspace).add(few_garments, "garments")
    file = export_run(Run(workspace / "first"), "onnx", tmp_path / "réseau.onnx").file
    visitor = visit()
    page = visitor.page
    visitor.go("#/runs")
    page.get_by_role("button", name="Bring a network").click()
    form = page.get_by_role("region", name="Bring a network")
    assert form.get_by_role("button", name="Bring it").is_disabled()
    form.get_by_label("Choose a file").set_input_files(file)
    form.get_by_label("Pictures with its classes").select_option("garments")
    assert form.get_by_label("The network of these weights").count() == 0
    form.get_by_role("button", name="Bring it").click()
    # It learnt too little; the file is there still, and is read as its user says.
    form.get_by_role("alert").get_by_text("no way of reading").wait_for()
    form.get_by_label("How its pictures were scaled").select_option("unit")
    form.get_by_role("button", name="Bring it again").click()
    form.get_by_text("chosen: 0 to 1", exact=True).wait_for()
    form.get_by_text("warning: It was imported from reseau.onnx").wait_for()
    if AXE.exists():
        page.evaluate(AXE.read_text())
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert page.evaluate(VIOLATIONS) == []
    form.get_by_role("link", name="Open the new run").click()
    page.get_by_role("heading", name="reseau").first.wait_for()


def test_the_whole_story(visit, workspace, few_garments, tmp_path):
    DataList(workspace).add(few_garments)
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
    page.get_by_role("alert").filter(has_text="kernel 40 does not fit the 28 x 28").wait_for()
    playwright.expect(train).to_be_disabled()
    page.get_by_role("button", name="padding same").click()
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
    page.get_by_role("status").filter(has_text="95 % interval").wait_for()

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

    # Deleted, and brought back.
    visitor.go("#/runs")
    page.get_by_label("Delete first").click()
    page.get_by_label("Compare first").wait_for(state="detached")
    assert not (workspace / "first").exists()
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("Compare first").wait_for()
    assert (workspace / "first" / "state.json").exists()

    look_at_the_data(visitor)
    add_photographs(visitor, tmp_path)
