"""A run's page while it is trained, and what can be done with it after."""

import shutil

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def test_a_run_that_cannot_be_continued_says_why_in_place_of_the_form(visit, workspace):
    # As of a bundle.
    shutil.rmtree(workspace / "second" / "checkpoint")
    visitor = visit()
    page = visitor.page
    visitor.go("#/train?run=first")
    page.get_by_label("Continue to").wait_for()
    assert page.get_by_role("link", name="Begin a new run with its weights").count() == 0
    visitor.go("#/train?run=second")
    page.get_by_text("second has no checkpoint to continue from").wait_for()
    assert page.get_by_label("Continue to").count() == 0
    page.get_by_role("link", name="Begin a new run with its weights").click()
    playwright.expect(page.get_by_label("Run", exact=True)).to_have_value("second")


def test_a_training_stopped_while_it_prepares_says_that_nothing_is_left_of_it(startup, visit):
    visitor = visit()
    page, gate = visitor.page, startup.hold()
    visitor.go("#/train?recipe=preset:s1-lab&set=data.name=fashion-sample")
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("Preparing: the process starts").wait_for()
    # Opened once a process reads it.
    with gate.open("w"):
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped before it began").wait_for()
    assert page.get_by_role("button", name="Stop").count() == 0
