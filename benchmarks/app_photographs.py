"""Photographs of one's own, from the drop of their zip to the answer to another one.

300 drawn photographs of 400 to 1,200 px, in three class folders. Everything is done as a user does
it, on the page: the size that the page asks for, the training that it proposes.
"""

import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from app_server import Server, opened, say

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.app.photographs import photograph, photograph_album  # noqa: E402

ROUNDS = 3
NUM_PHOTOGRAPHS, SIDES_PX = 300, (400, 1_200)
MOST_SECONDS = 180.0
DROP = """async name => {
    const bytes = await (await fetch('the-album.zip')).blob()
    const data = new DataTransfer()
    data.items.add(new File([bytes], name))
    window.dropped = data
}"""
PICTURE = "a photo.jpg"


def photographs(browser: Any, folder: Path) -> None:
    """Seconds from the drop to the answer, and to each step between."""
    album = folder / "album.zip"
    album.write_bytes(photograph_album(NUM_PHOTOGRAPHS, SIDES_PX))
    picture = photograph("leaf", np.random.default_rng(9), SIDES_PX)
    print(f"{NUM_PHOTOGRAPHS} photographs, {album.stat().st_size / 1e6:.0f} MB")
    whole = []
    for number in range(ROUNDS):
        with Server(folder / f"runs-{number}") as server:
            page = opened(browser, server)
            page.set_default_timeout(600_000)
            # The browser has the file before the clock starts, as it has one from a folder.
            page.route("**/the-album.zip", lambda route: route.fulfill(path=album))
            whole.append(from_drop_to_answer(page, f"photos {number}.zip", picture))
            page.close()
    say(f"{NUM_PHOTOGRAPHS} photographs, from the drop to an answer, s", whole, MOST_SECONDS)


def from_drop_to_answer(page: Any, name: str, picture: bytes) -> float:
    page.evaluate("location.hash = '#/data?data=fashion-sample&add=1'")
    page.locator(".drop").wait_for()
    page.evaluate(DROP, name)
    started = time.perf_counter()

    def reached(step: str) -> None:
        print(f"  {time.perf_counter() - started:6.1f} s  {step}")

    data = page.evaluate_handle("window.dropped")
    page.dispatch_event(".drop", "drop", {"dataTransfer": data})
    page.get_by_text("write the size for all of them above").wait_for()
    reached("asked for a size")
    page.get_by_label("Size in px").fill("32")
    page.get_by_role("button", name="Read again", exact=True).first.click()
    page.get_by_text("was added").wait_for()
    page.get_by_role("link", name="Train on it").wait_for()
    reached("read")
    page.get_by_role("link", name="Train on it").click()
    page.get_by_role("button", name=re.compile(r"^Set ")).click()
    page.get_by_text("are few to learn from").wait_for(state="detached")
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("predicted right").first.wait_for()
    reached(f"trained: {page.get_by_text('predicted right').first.inner_text()}")
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("Drawing sheet").wait_for()
    photo = {"name": PICTURE, "mimeType": "image/jpeg", "buffer": picture}
    page.get_by_label("Open a picture").set_input_files(photo)
    page.get_by_text("How the picture was prepared").wait_for()
    answer = page.locator(".said .big").inner_text()
    reached(f"answered: {answer}")
    # Otherwise it was other pictures that were trained on.
    assert answer == "leaf", answer
    return time.perf_counter() - started
