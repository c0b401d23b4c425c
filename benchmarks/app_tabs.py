"""What five open tabs cost a training: trainings by turns with and without them.

A training is one of the queue's, as the page begins it: a process with one thread, of which the
seconds are counted that its results say. Three tabs are on the page of the run that is trained, two
on the list of runs. They are tabs of one window, of which the first, on the run, is visible and
four are hidden; harder, and not promised, are five windows that are all visible.
"""

import time
from pathlib import Path
from typing import Any

from app_chromium import Chromium, Tab
from app_server import Server, say

ROUNDS, NUM_TRAIN, NUM_RUNS = 5, 3, 2
NUM_TABS = NUM_TRAIN + NUM_RUNS
TRAINING = {
    "source": "preset:s1-lab",
    "changes": ["data.name=fashion-sample", "training.epochs=36"],
}
MOST_RATIO = 1.03
# How the tabs lie, by what is said of it: in windows of their own, or in one.
ALONE, ONE_WINDOW, FIVE_WINDOWS = "no tab", "five tabs of one window", "five visible windows"
# Requests that a page has sent to the API since it was loaded.
NUM_ASKED = "performance.getEntriesByType('resource').filter(e => e.name.includes('/api/')).length"


def tabs(_: Any, folder: Path) -> None:
    """The ratios of each round, and the CPU that server and browser took beside a training."""
    with Server(folder / "runs") as server:
        # The first one reads the pictures and writes them into the cache.
        trained(server, ALONE)
        rounds = []
        for number in range(ROUNDS):
            ways = [ALONE, ONE_WINDOW, FIVE_WINDOWS]
            # Which of them comes first changes, for what a machine does otherwise drifts.
            ways = ways[number % 3 :] + ways[: number % 3]
            rounds.append({way: trained(server, way) for way in ways})
    for way, most in ((ONE_WINDOW, MOST_RATIO), (FIVE_WINDOWS, None)):
        ratios = [seconds[way] / seconds[ALONE] for seconds in rounds]
        say(f"a training with {way}, times one without", ratios, most)


def trained(server: Server, way: str) -> float:
    """Seconds of a training, with the tabs open from before it began to its end."""
    with Chromium() as chromium:
        opened = [] if way == ALONE else open_tabs(chromium, server, way)
        run = server.ask("POST", "queue", json=TRAINING)["id"]
        show_all(opened, run)
        # For the last answers to tabs that are hidden now.
        time.sleep(1)
        before = [tab.evaluate(NUM_ASKED) for tab in opened]
        cpu = server.cpu_seconds, chromium.cpu_seconds
        while server.ask("GET", "queue")["jobs"]:
            time.sleep(1)
        cpu = server.cpu_seconds - cpu[0], chromium.cpu_seconds - cpu[1]
        asked = [tab.evaluate(NUM_ASKED) - num for tab, num in zip(opened, before, strict=True)]
        if opened:
            check(opened, way, asked)
    seconds = float(server.ask("GET", f"runs/{run}")["seconds"])
    print(
        f"{way}: {seconds:.2f} s; CPU of the server {cpu[0]:.2f} s, of Chromium {cpu[1]:.2f} s; "
        f"requests {asked}",
        flush=True,
    )
    return seconds


def open_tabs(chromium: Chromium, server: Server, way: str) -> list[Tab]:
    """The tabs, each with its page drawn, for which it was in front of its window."""
    opened = []
    for _ in range(NUM_TABS):
        tab = chromium.open_tab(server.address, way == FIVE_WINDOWS)
        tab.wait_until("document.querySelector('main h1') !== null")
        # Else a browser remembers 250 requests.
        tab.evaluate("performance.setResourceTimingBufferSize(100_000)")
        opened.append(tab)
    return opened


def show_all(opened: list[Tab], run: str) -> None:
    """Send each tab to its page as a visitor would, who then goes back to the first."""
    for index, tab in reversed(list(enumerate(opened))):
        tab.show()
        to = f"#/train?run={run}" if index < NUM_TRAIN else "#/runs"
        tab.evaluate(f"location.hash = '{to}'")
        tab.wait_until("document.querySelector('.stats, tbody tr, .empty') !== null")


def check(opened: list[Tab], way: str, asked: list[int]) -> None:
    """That tabs are seen or hidden as was said, and that the hidden ones asked for nothing."""
    states = [tab.evaluate("document.visibilityState") for tab in opened]
    windows = {tab.window for tab in opened}
    if way == FIVE_WINDOWS:
        assert states == ["visible"] * NUM_TABS, states
        assert len(windows) == NUM_TABS, windows
        return
    assert states == ["visible", *["hidden"] * (NUM_TABS - 1)], states
    assert len(windows) == 1, windows
    assert asked[0] > 0, asked
    assert asked[1:] == [0] * (NUM_TABS - 1), asked
