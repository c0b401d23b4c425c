"""What five open tabs cost a training: trainings by turns with and without them.

A training is one of the queue's, as the page begins it: a process with one thread, of which the
seconds are counted that its results say. The tabs are windows of their own, all visible, since
hidden ones ask nothing: three on the page of the run that is trained, two on the list of runs.
"""

import statistics
import time
from pathlib import Path
from typing import Any

from app_server import Server, say

ROUNDS, NUM_TRAIN, NUM_RUNS = 5, 3, 2
TRAINING = {
    "source": "preset:s1-lab",
    "changes": ["data.name=fashion-sample", "training.epochs=60"],
}
MOST_RATIO = 1.03


def tabs(browser: Any, folder: Path) -> None:
    """The ratio of each pair, and the CPU that server and pages took beside a training."""
    with Server(folder / "runs") as server:
        # The first one reads the pictures and writes them into the cache.
        trained(server, browser, 0)
        ratios, alone, watched = [], [], []
        for number in range(ROUNDS):
            # Which of the two comes first changes, for what a machine does otherwise drifts.
            order = (0, NUM_TRAIN + NUM_RUNS) if number % 2 else (NUM_TRAIN + NUM_RUNS, 0)
            seconds = {num_tabs: trained(server, browser, num_tabs) for num_tabs in order}
            alone.append(seconds[0])
            watched.append(seconds[NUM_TRAIN + NUM_RUNS])
            ratios.append(watched[-1] / alone[-1])
    print(f"without tabs {statistics.median(alone):.3g} s, with {statistics.median(watched):.3g} s")
    say("a training with five tabs open, times one without", ratios, MOST_RATIO)


def trained(server: Server, browser: Any, num_tabs: int) -> float:
    """Seconds of a training, with so many tabs open from before it began to its end."""
    windows = [
        browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(num_tabs)
    ]
    pages = [window.new_page() for window in windows]
    for page in pages:
        page.goto(server.address)
        page.get_by_text("Workspace", exact=True).wait_for(state="attached")
    before = server.cpu_seconds
    run = server.ask("POST", "queue", json=TRAINING)["id"]
    for index, page in enumerate(pages):
        to = f"#/train?run={run}" if index < NUM_TRAIN else "#/runs"
        page.evaluate("to => { location.hash = to }", to)
    while server.ask("GET", "queue")["jobs"]:
        time.sleep(1)
    states = [page.evaluate("document.visibilityState") for page in pages]
    assert states == ["visible"] * num_tabs, states
    seconds = float(server.ask("GET", f"runs/{run}")["seconds"])
    print(
        f"{num_tabs} tabs: {seconds:.2f} s; the server took "
        f"{server.cpu_seconds - before:.2f} s of CPU"
    )
    for window in windows:
        window.close()
    return seconds
