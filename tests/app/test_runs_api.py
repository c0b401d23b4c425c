"""The runs: listed, told, compared, remarked on, deleted."""

import json
import re
import shutil

import numpy as np
import pytest

from tests.app.conftest import HOST, until
from toile.runs import Run

STATE = "state.json"


def test_runs_are_listed_once_and_again_only_when_they_changed(ask):
    first = ask("GET", "/api/runs").json()
    assert {one["id"] for one in first["runs"]} == {"first", "second"}
    assert ask("GET", f"/api/runs?known={first['version']}").json()["runs"] == []
    ask("PATCH", "/api/runs/first", json={"star": True})
    assert len(ask("GET", f"/api/runs?known={first['version']}").json()["runs"]) == 2


def test_a_run_tells_its_score_with_interval_and_what_it_is_of(ask):
    run = ask("GET", "/api/runs/first").json()
    score = run["score"]
    assert score["low"] <= score["value"] <= score["high"]
    assert score["n"] == run["num_validation"]
    assert run["of"] == "validation"
    assert run["layers"][0]["kind"] == "conv"


def test_more_epochs_are_proposed_only_where_a_run_can_go_on(ask, workspace):
    def proposed(run: str) -> int | None:
        return ask("GET", f"/api/runs/{run}").json()["enough_epochs"]

    # 480 pictures in batches of 64, of which it takes 200.
    assert proposed("first") == 25
    state = json.loads((workspace / "first" / STATE).read_text())
    for status in ("diverged", "imported"):
        (workspace / "first" / STATE).write_text(json.dumps(state | {"status": status}))
        assert proposed("first") is None
    # As of a bundle.
    assert proposed("second") == 25
    shutil.rmtree(workspace / "second" / "checkpoint")
    assert proposed("second") is None


def test_a_run_says_why_it_cannot_be_continued_as_it_is_refused(ask, workspace):
    def said(run: str) -> str:
        return ask("GET", f"/api/runs/{run}").json()["cannot_continue"]

    def refused(run: str) -> str:
        return ask("POST", f"/api/runs/{run}/longer", json={"epochs": 9}).json()["error"]

    assert said("first") == said("second") == ""
    # As of a bundle.
    shutil.rmtree(workspace / "second" / "checkpoint")
    assert said("second") == "second has no checkpoint to continue from, as a bundle has none"
    assert refused("second").startswith(said("second"))
    state = json.loads((workspace / "first" / STATE).read_text())
    for status in ("diverged", "imported"):
        (workspace / "first" / STATE).write_text(json.dumps(state | {"status": status}))
        assert status in said("first")
        assert refused("first").startswith(said("first"))


def test_a_curve_goes_on_where_it_was_left(ask, workspace):
    whole = ask("GET", "/api/runs/first/history").json()
    assert [one["kind"] for one in whole["records"]][-1] == "epoch"
    assert ask("GET", f"/api/runs/first/history?since={whole['until']}").json()["records"] == []
    path = workspace / "first" / "history.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines) + lines[-2] + b'{"kind": "st')
    more = ask("GET", f"/api/runs/first/history?since={whole['until']}").json()
    assert (more["since"], len(more["records"])) == (whole["until"], 1)


def test_a_curve_that_was_cut_back_is_told_from_its_beginning(ask, workspace):
    until = ask("GET", "/api/runs/first/history").json()["until"]
    path = workspace / "first" / "history.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]))
    cut = ask("GET", f"/api/runs/first/history?since={until}").json()
    assert (cut["since"], len(cut["records"])) == (0, 3)
    # Grown again, a place that was an end of a line is one no more.
    inside = ask("GET", f"/api/runs/first/history?since={len(lines[0]) - 5}").json()
    assert (inside["since"], len(inside["records"])) == (0, 3)


def test_two_runs_side_by_side_differ_in_their_seed_and_are_tested(ask):
    said = ask("GET", "/api/compare?run=first&run=second").json()
    assert said["differences"] == [{"address": "seed", "values": ["0", "1"]}]
    test = said["test"]
    counts = [test[name] for name in ("both", "only_first", "only_second", "neither")]
    assert sum(counts) == said["runs"][0]["score"]["n"]
    assert 0 < test["p"] <= 1


def test_a_run_is_not_compared_with_itself(ask):
    answer = ask("GET", "/api/compare?run=first&run=first")
    assert answer.status_code == 422


def test_a_run_gets_a_note_and_a_name_and_is_deleted(ask):
    row = ask("PATCH", "/api/runs/first", json={"note": "the <b>best</b>", "name": "mine"}).json()
    assert (row["id"], row["note"]) == ("mine", "the <b>best</b>")
    assert ask("GET", "/api/runs/first").status_code == 404
    refused = ask("PATCH", "/api/runs/mine", json={"name": "../x"})
    assert refused.status_code == 422
    assert "cannot be a name" in refused.json()["error"]
    assert ask("DELETE", "/api/runs/mine").status_code == 200
    assert [one["id"] for one in ask("GET", "/api/runs").json()["runs"]] == ["second"]


def test_a_runs_page_tells_its_star_note_and_new_name_when_it_is_opened(ask, workspace):
    def opened(run_id: str) -> str:
        # A page is opened as it is where writing it anew takes over twenty seconds.
        until(lambda: ask("GET", f"/api/runs/{run_id}/page").status_code == 200)
        path = ask("POST", f"/api/runs/{run_id}/page").json()["path"]
        return ask.bare("GET", path, headers=[("Host", HOST)]).text

    ask("PATCH", "/api/runs/first", json={"note": "the <b>first</b> that works"})
    assert "the &lt;b&gt;first&lt;/b&gt; that works" in opened("first")
    ask("PATCH", "/api/runs/first", json={"note": "an old note", "star": True})
    # Before that can be on the page: what was said last is what it tells.
    ask("PATCH", "/api/runs/first", json={"note": "nothing new", "name": "mine"})
    page = opened("mine")
    assert "Starred. Note: nothing new" in page
    # A refused name does not keep the page from telling the note that came with it.
    refused = ask("PATCH", "/api/runs/mine", json={"note": "and more", "name": "../x"})
    assert refused.status_code == 422
    page = opened("mine")
    assert "Starred. Note: and more" in page
    assert "Run mine, " in page
    assert ask("GET", "/api/runs/mine/page").json() == {"reason": ""}
    assert not (workspace / "first").exists()
    # One without a page gets none.
    ask("PATCH", "/api/runs/second", json={"star": True})
    assert ask("GET", "/api/runs/second/page").json() == {"reason": ""}
    assert not (workspace / "second" / "report.html").exists()


def test_why_a_page_is_left_as_it_was_is_said(ask, workspace):
    recipe = workspace / "first" / "recipe.yaml"
    recipe.write_text(re.sub(r"data: {name: [^,]+", "data: {name: /nowhere", recipe.read_text()))
    ask("PATCH", "/api/runs/first", json={"star": True})
    until(lambda: ask("GET", "/api/runs/first/page").status_code == 200)
    reason = ask("GET", "/api/runs/first/page").json()["reason"]
    assert reason.startswith("its pictures are not here; toile report first")
    assert (workspace / "first" / "report.html").read_text() == "<h1>The page of first</h1>"


def test_what_was_deleted_is_brought_back_as_it_was(ask, workspace):
    before = (workspace / "first" / "state.json").read_bytes()
    ask("PATCH", "/api/runs/first", json={"note": "keep me"})
    ask("DELETE", "/api/runs/first")
    assert [one["name"] for one in ask("GET", "/api/bin").json()] == ["first"]
    assert ask("POST", "/api/bin/first/restore").status_code == 200
    assert (workspace / "first" / "state.json").read_bytes() == before
    rows = ask("GET", "/api/runs").json()["runs"]
    assert next(one for one in rows if one["id"] == "first")["note"] == "keep me"
    assert ask("GET", "/api/bin").json() == []
    assert "nothing to bring back" in ask("POST", "/api/bin/first/restore").json()["error"]


def test_the_recall_of_each_class_is_that_of_the_run_with_its_interval(ask, workspace):
    said = ask("GET", "/api/runs/first/recall").json()
    run = Run(workspace / "first")
    labels, predictions = run.validation.labels, run.predictions
    assert said["epoch"] == 1
    for label, one in enumerate(said["classes"]):
        of_class = predictions[labels == label]
        assert one["recall"]["n"] == len(of_class)
        assert one["recall"]["value"] == pytest.approx((of_class == label).mean())
        assert one["recall"]["low"] <= one["recall"]["value"] <= one["recall"]["high"]
        wrong = np.bincount(of_class[of_class != label], minlength=10)
        assert one["mistakes"] == wrong.max()
