"""A browser's page of the app: it asks this server alone, and nothing on it fails unseen."""

import base64
import os
import shutil
from pathlib import Path

from tests.app.conftest import Server

ROOT = Path(__file__).parents[3]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SWITCHES = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Where pictures of every screen go, to be looked at.
SCREENSHOTS = os.environ.get("TOILE_SCREENSHOTS", "")
AS_DROPPED = """([name, text]) => {
    const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], name))
    return data
}"""
VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"


class Visitor:
    """A page that asks this server alone, and on which nothing fails unseen."""

    def __init__(self, chromium, server: Server, **context) -> None:
        self.server = server
        self.page = chromium.new_context(**context).new_page()
        self.page.set_default_timeout(180_000)
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

    def drop(self, name: str, content: bytes) -> None:
        """Drop a file where the page takes one."""
        text = base64.b64encode(content).decode()
        dropped = self.page.evaluate_handle(AS_DROPPED, [name, text])
        self.page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})

    def violations(self, theme: str) -> list[tuple[str, list[str]]]:
        """What axe-core finds on the page in this theme."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        self.page.emulate_media(color_scheme=theme)
        found = self.page.evaluate(VIOLATIONS)
        return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]
