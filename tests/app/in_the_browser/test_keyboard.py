"""The whole story by keyboard alone."""

from tests.app.conftest import until
from tests.app.in_the_browser.visitor import Visitor

NAME_OF_FOCUSED = """() => {
    const one = document.activeElement
    const label = one.getAttribute('aria-label') || one.labels?.[0]?.innerText
    return (label || one.innerText || '').trim()
}"""


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
    hand.go("For pictures like those of")
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
    # Only once the page of the run is written can it go on.
    page.get_by_role("button", name="Continue", exact=True).first.wait_for()
    hand.press("Continue")
    page.get_by_role("status").filter(has_text="95 % interval").wait_for(timeout=600_000)
    # A run whose page is being written can be neither deleted nor renamed.
    until(lambda: visitor.server.ask("GET", "queue").json()["jobs"] == [])
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
