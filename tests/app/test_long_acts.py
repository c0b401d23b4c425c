"""Acts that take a while: which of them a stop ends, and what stays of it."""

import sys
import threading
import time
from pathlib import Path

import pytest

from tests.app.conftest import until
from toile.app.computing import Computing
from toile.app.long_acts import LongActs
from toile.app.session import Session, StillOpening
from toile.errors import ToileError

# Answers each question but `hang`, of which it says that it has begun, and `refuse`.
ANSWERING = """
import json, sys
for line in sys.stdin:
    question = json.loads(line)
    if question["verb"] == "hang":
        print(json.dumps({"progress": [1, 2, "steps"]}), flush=True)
        continue
    if question["verb"] == "refuse":
        print(json.dumps({"error": "no such file"}), flush=True)
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


def test_only_an_act_that_is_over_is_forgotten_and_that_is_said(computing):
    acts = LongActs(computing(None))
    hanging = acts.begin("a", "a", {"verb": "hang"})
    until(lambda: hanging.done == 1)
    assert not acts.forget("a")
    acts.stop("a")
    assert acts.forget("a")
    assert acts.get("a") is None
    assert not acts.forget("a")


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
    assert act.status == "waiting"
    acts.stop("add")
    go_on.set()
    holder.join()
    assert acts.begin("next", "next", {"verb": "n"}) is not act
    until(lambda: acts.get("next").is_over)
    assert (act.status, act.result) == ("stopped", None)
    acts.end()


def test_an_answer_and_the_wait_for_it_have_a_limit(computing):
    limited = computing(0.3)
    with pytest.raises(ToileError, match=r"within 0\.3 seconds"):
        limited.ask({"verb": "hang"})
    with limited._lock, pytest.raises(ToileError, match=r"over 0\.3 seconds"):
        limited.ask({"verb": "a"})


def test_a_stop_of_what_waits_for_its_turn_leaves_the_answer_before_it_alone(
    computing, monkeypatch
):
    shared = computing(None)
    acts = LongActs(shared)
    answering, waiting, said = threading.Event(), threading.Event(), []

    def ask() -> None:
        try:
            shared.ask({"verb": "hang"}, tell=lambda *_: answering.set())
        except ToileError as error:
            said.append(str(error))

    other = threading.Thread(target=ask)
    other.start()
    assert answering.wait(60)
    turn = shared._turn
    monkeypatch.setattr(shared, "_turn", lambda limit: (waiting.set(), turn(limit))[1])
    act = acts.begin("open", "open", {"verb": "open"})
    assert waiting.wait(60)
    acts.stop("open")
    assert (act.status, shared.pid is None, said) == ("stopped", False, [])
    shared.interrupt()
    other.join()
    acts.wait("open", 60)
    assert act.result is None
    acts.end()


def test_what_was_opened_is_shown_while_another_dataset_is_opened(computing, monkeypatch, tmp_path):
    monkeypatch.setattr("toile.app.session.OPENING_SECONDS", 0.0)
    session = Session.of(tmp_path)
    with session.showing._lock:
        for name, verb in (("fashion-sample", "pictures"), ("mnist", "hang")):
            with pytest.raises(StillOpening) as still:
                session.show(name, {"verb": verb})
            assert still.value.act.status == "waiting"
    until(lambda: still.value.act.done == 1)
    assert session.show("fashion-sample", {"verb": "pictures"}) == {"verb": "pictures"}
    with pytest.raises(StillOpening):
        session.show("mnist", {"verb": "hang"})
    # Told once: then it is asked anew, and waits.
    with pytest.raises(StillOpening):
        session.show("fashion-sample", {"verb": "pictures"})
    session.stop_showing("mnist")
    assert still.value.act.status == "stopped"
    session.end()


def test_why_an_opening_failed_is_told_once_and_then_it_is_begun_anew(computing):
    acts = LongActs(computing(None))
    refused = acts.ask("a", "a", {"verb": "refuse"}, 60)
    assert (refused.status, refused.reason) == ("failed", "no such file")
    late = acts.begin("b", "b", {"verb": "refuse"})
    until(lambda: late.is_over)
    assert acts.ask("b", "b", {"verb": "refuse"}, 60) is late
    assert acts.ask("b", "b", {"verb": "refuse"}, 60) is not late
    acts.end()


def test_an_act_fails_where_what_it_wrote_cannot_be_read(computing):
    def unreadable(act):
        raise PermissionError(13, "Permission denied")

    shared = computing(None)
    acts = LongActs(shared, arrived=unreadable)
    act = acts.begin("a", "a", {"verb": "hang"})
    until(lambda: act.done == 1)
    shared.interrupt()
    acts.wait("a", 60)
    assert (act.status, act.reason[:11]) == ("failed", "the process")
    acts.end()


def test_an_act_is_started_when_its_turn_comes(computing):
    acts = LongActs(computing(None))
    hanging = acts.begin("a", "a", {"verb": "hang"})
    until(lambda: hanging.done == 1)
    waiting = acts.begin("b", "b", {"verb": "b"})
    stopped = time.time()
    acts.stop("a")
    acts.wait("b", 60)
    assert (waiting.status, waiting.started >= stopped) == ("finished", True)
    acts.end()


def test_only_the_last_results_are_remembered(computing):
    acts = LongActs(computing(None), num_remembered=2)
    for key in "abcd":
        acts.begin(key, key, {"verb": key})
        acts.wait(key, 60)
    assert [key for key in "abcd" if acts.get(key)] == ["b", "c", "d"]
    acts.end()
