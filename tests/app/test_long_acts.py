"""Acts that take a while: which of them a stop ends, and what stays of it."""

import sys
import threading
from pathlib import Path

import pytest

from tests.app.conftest import until
from toile.app.computing import Computing
from toile.app.long_acts import LongActs
from toile.errors import ToileError

# Answers each question but `hang`, of which it says that it has begun.
ANSWERING = """
import json, sys
for line in sys.stdin:
    question = json.loads(line)
    if question["verb"] == "hang":
        print(json.dumps({"progress": [1, 2, "steps"]}), flush=True)
        continue
    print(json.dumps({"verb": question["verb"]}), flush=True)
"""


@pytest.fixture
def computing(tmp_path, monkeypatch):
    program = tmp_path / "answering"
    program.write_text(f"#!{sys.executable}\n{ANSWERING}")
    program.chmod(0o700)
    monkeypatch.setattr("toile.app.computing.sys.executable", str(program))
    made = []

    def make(seconds: float | None) -> Computing:
        made.append(Computing(Path(tmp_path), seconds))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_a_stop_ends_its_own_act_and_no_other(computing):
    shared = computing(None)
    acts = LongActs(shared)
    hanging = acts.begin("a", "a", {"verb": "hang"})
    until(lambda: hanging.done == 1)
    waiting = acts.begin("b", "b", {"verb": "b"})
    pid = shared.pid
    acts.stop("b")
    assert shared.pid == pid
    assert (hanging.status, waiting.status) == ("working", "stopped")
    third = acts.begin("c", "c", {"verb": "c"})
    acts.stop("a")
    until(lambda: third.is_over)
    assert (hanging.status, third.status, third.result) == ("stopped", "finished", {"verb": "c"})
    assert waiting.result is None
    acts.end()


def test_what_is_stopped_while_it_waits_for_its_turn_asks_nothing(computing):
    shared = computing(None)
    acts = LongActs(shared)
    entered, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with shared._lock:
            entered.set()
            go_on.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait()
    act = acts.begin("add", "add", {"verb": "add"})
    until(lambda: act.status == "working")
    acts.stop("add")
    go_on.set()
    holder.join()
    assert acts.begin("next", "next", {"verb": "n"}) is not act
    until(lambda: acts.look("next").is_over)
    assert (act.status, act.result) == ("stopped", None)
    acts.end()


def test_an_answer_and_the_wait_for_it_have_a_limit(computing):
    limited = computing(0.3)
    with pytest.raises(ToileError, match=r"within 0\.3 seconds"):
        limited.ask({"verb": "hang"})
    with limited._lock, pytest.raises(ToileError, match=r"over 0\.3 seconds"):
        limited.ask({"verb": "a"})


def test_an_act_may_take_longer_than_an_answer(computing):
    shared = computing(0.2)
    with pytest.raises(ToileError, match=r"no answer came within 0\.2 seconds"):
        shared.ask({"verb": "hang"})
    acts = LongActs(shared)
    act = acts.begin("a", "a", {"verb": "hang"})
    until(lambda: act.done == 1)
    acts.wait("a", 0.5)
    assert act.status == "working"
    acts.end()
