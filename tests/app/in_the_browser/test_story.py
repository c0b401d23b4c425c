"""The whole story: data, build, train, try, runs; what others write is shown and never run."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import until
from toile.runs import DataList

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

XSS = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
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


def is_kept(visitor) -> bool:
    """Whether the server has the whole of what was drawn: one stroke of five points."""
    content = visitor.server.ask("GET", "drafts/try-drawing").json()["content"]
    strokes = content.get("strokes", [])
    return [len(stroke["points"]) for stroke in strokes] == [5]


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
    page.get_by_text("predicted right").wait_for(timeout=120_000)
    page.get_by_role("status").filter(has_text="95 % interval").wait_for()

    # A drawing is answered, and is there again after a reload.
    page.get_by_role("link", name="Try it").click()
    sheet = page.get_by_label("Drawing sheet")
    sheet.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "Space"):
        page.keyboard.press(key)
    page.get_by_text("How the picture was prepared").wait_for()
    until(lambda: is_kept(visitor))
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
