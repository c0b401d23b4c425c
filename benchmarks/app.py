"""What the browser app takes: its start, its pages, its server at rest, and beside a training.

`toile app` runs in a process of its own on a workspace made here; the pages are drawn in the
system's Chromium. Each time is the median of five. A busy machine shows in all of them, so the
load is printed first. `pages`, `tabs` and `photographs` can be named, to measure those alone.
"""

import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from app_photographs import photographs
from app_server import TOILE, Server, launched, opened, say
from app_tabs import tabs
from PIL import Image

ROUNDS = 5
NUM_RUNS, NUM_POINTS, NUM_PICTURES = 1_000, 20_000, 10_000
REST_SECONDS = 10.0
# Until a second frame is over, what was asked for is on the screen.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def main() -> None:
    from playwright.sync_api import sync_playwright

    measures = {"pages": pages, "tabs": tabs, "photographs": photographs}
    names = sys.argv[1:] or list(measures)
    if odd := set(names) - measures.keys():
        raise SystemExit(f"{', '.join(odd)}: name some of {', '.join(measures)}")
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}\n"
    )
    with sync_playwright() as started:
        browser = launched(started)
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                measures[name](browser, Path(folder))
        browser.close()


def pages(browser: Any, folder: Path) -> None:
    """The start, the pages, the server at rest, and ten thousand pictures brought."""
    workspace = folder / "runs"
    run = workspace / "quick"
    words = ["train", "quick", "--data=fashion-sample", "--epochs=1", "--no-page"]
    subprocess.run([*TOILE, *words, f"--out={run}"], check=True, capture_output=True)
    say("server started to the first page drawn, s", first_pages(browser, workspace), 1.5)
    with Server(workspace) as server:
        page = opened(browser, server)
        say("first load, KiB", [loaded_kib(page)], 250)
        say("server at rest, MB", [server.memory_mb], 250)
        page.close()
        say("server at rest, % of a core", [rest(server)], 1)
        picture = drawing()
        say("a drawing to its answer, ms", asked(server, picture, "false"), 30)
        say("the same with its steps, ms", asked(server, picture, "true"), 40)
        say("a change in Build to its shapes, ms", planned(server), 30)
        bring(server, folder)
    copies(run, workspace)
    with Server(workspace) as server:
        page = opened(browser, server)
        say(f"a list of {NUM_RUNS:,} runs drawn, ms", shown_runs(page), 100)
        say(f"a curve of {NUM_POINTS:,} points drawn, ms", shown_curve(page), 100)
        page.close()


def first_pages(browser: Any, workspace: Path) -> list[float]:
    seconds = []
    for _ in range(ROUNDS):
        with Server(workspace) as server:
            page = browser.new_page()
            page.goto(server.address)
            page.locator("main h1").first.wait_for()
            page.evaluate(DRAWN)
            seconds.append(time.perf_counter() - server.started)
            page.close()
    return seconds


def loaded_kib(page: Any) -> float:
    sizes = page.evaluate(
        "performance.getEntries().filter(one => 'decodedBodySize' in one)"
        ".map(one => [one.name, one.decodedBodySize])"
    )
    return sum(size for name, size in sizes if "/api/" not in name) / 1024


def rest(server: Server) -> float:
    time.sleep(2)
    before = server.cpu_seconds
    time.sleep(REST_SECONDS)
    return 100 * (server.cpu_seconds - before) / REST_SECONDS


def drawing() -> bytes:
    pixels = np.zeros((336, 336, 3), np.uint8)
    pixels[60:280, 90:240] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def timed(act: Callable[[], Any], warm_up: int = 3) -> list[float]:
    """Milliseconds of each round."""
    for _ in range(warm_up):
        act()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - started))
    return times


def asked(server: Server, picture: bytes, steps: str) -> list[float]:
    path = f"try/quick?steps={steps}"
    return timed(lambda: server.ask("POST", path, content=picture))


def planned(server: Server) -> list[float]:
    recipe = server.ask("POST", "document", json={"source": "preset:quick"})["recipe"]
    return timed(lambda: server.ask("POST", "network", json={"recipe": recipe}))


def copies(run: Path, workspace: Path) -> None:
    """A thousand runs, of which one has a curve of twenty thousand points."""
    for number in range(NUM_RUNS - 1):
        shutil.copytree(run, workspace / f"run-{number:04}", copy_function=os.link)
    lines = (run / "history.jsonl").read_text().splitlines()
    step = next(json.loads(line) for line in lines if json.loads(line)["kind"] == "step")
    records = (json.dumps(step | {"step": number}) for number in range(1, NUM_POINTS + 1))
    path = workspace / "run-0000" / "history.jsonl"
    path.unlink()
    path.write_text("\n".join([*records, lines[-1], ""]))


def shown_runs(page: Any) -> list[float]:
    """From the list in the browser to rows on the screen; the page shows a hundred at a time."""
    page.locator("tbody tr").nth(50).wait_for()
    return [
        page.evaluate(
            "async word => { const start = performance.now();"
            "location.hash = '#/runs?sort=' + word;"
            f"await ({DRAWN})(); return performance.now() - start }}",
            word,
        )
        for word in ("name", "accuracy", "changed", "status", "epoch")
    ]


def shown_curve(page: Any) -> list[float]:
    page.evaluate("location.hash = '#/train?run=run-0000'")
    page.locator(".uplot canvas").first.wait_for()
    page.wait_for_timeout(2_000)
    # A change of colours draws all curves anew, out of what the page has.
    return [
        page.evaluate(
            "async () => { const start = performance.now();"
            "document.querySelector('[aria-label$=colours]').click();"
            f"await ({DRAWN})(); return performance.now() - start }}"
        )
        for _ in range(ROUNDS)
    ]


def bring(server: Server, folder: Path) -> None:
    """Ten thousand pictures as a zip: by the command line, and through the app."""
    content = io.BytesIO()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(NUM_PICTURES):
            picture = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8)).save(picture, "PNG")
            archive.writestr(f"{number % 10}/{number}.png", picture.getvalue())
    ratios = []
    for number in range(2):
        path = folder / f"pictures-{number}.zip"
        path.write_bytes(content.getvalue())
        started = time.perf_counter()
        subprocess.run([*TOILE, "data", "add", str(path)], check=True, capture_output=True)
        by_command = time.perf_counter() - started
        started = time.perf_counter()
        upload = server.ask("POST", "uploads")["upload"]
        server.ask("PUT", f"uploads/{upload}/mine-{number}.zip", content=content.getvalue())
        name = server.ask("POST", "data", json={"upload": upload})["name"]
        while server.ask("GET", f"data/{name}/added")["status"] in ("waiting", "working"):
            time.sleep(0.05)
        ratios.append((time.perf_counter() - started) / by_command)
    say(f"{NUM_PICTURES:,} pictures as a zip, times the command line", ratios, 2)


if __name__ == "__main__":
    main()
