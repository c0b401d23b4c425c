"""Trainings that cannot begin, and a server that does not answer: each says what to do next."""

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def test_a_form_that_was_changed_while_the_server_was_away_is_asked_for_when_it_is_back(visit):
    page = visit().page
    page.evaluate("location.hash = '#/train?recipe=preset:s1-lab&set=data.name=fashion-sample'")
    epochs = page.locator("[id='set-training.epochs']")
    playwright.expect(epochs).to_have_value("5")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_text("this page keeps trying to connect").wait_for()
    epochs.fill("7")
    epochs.press("Enter")
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("alert").get_by_text("The server does not answer").wait_for()
    # What was on the screen stays there.
    assert epochs.is_visible()
    page.unroute("**/api/**")
    page.get_by_text("this page keeps trying to connect").wait_for(state="detached")
    playwright.expect(page.get_by_role("alert")).to_have_count(0)
    playwright.expect(epochs).to_have_value("7")
    page.get_by_text("All other settings; 1 changed").wait_for()


def test_a_network_that_does_not_fit_its_pictures_is_undone_or_changed(visit):
    page = visit().page
    words = "&set=data.name=fashion-sample&set=network.conv1.kernel=40"
    page.evaluate("to => { location.hash = to }", f"#/train?recipe=preset:s1-lab{words}")
    alert = page.get_by_role("alert").filter(has_text="kernel 40 does not fit")
    alert.get_by_role("link", name="Change the network").wait_for()
    playwright.expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    alert.get_by_role("button", name="Undo the changed settings").click()
    playwright.expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    assert "data.name=fashion-sample" in page.evaluate("decodeURIComponent(location.hash)")


def test_a_training_that_could_not_start_shows_why_and_no_empty_curves(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    nowhere = tmp_path / "nowhere"
    visitor.go(f"#/train?recipe=preset:s1-lab&set=data.name={nowhere}")
    page.get_by_text("it is read when the training starts").wait_for()
    page.get_by_role("button", name="Start training").click()
    alert = page.get_by_role("alert").filter(has_text="It could not start")
    alert.get_by_role("link", name="new training").wait_for()
    assert page.get_by_text("It starts soon").count() == 0
    assert page.get_by_role("heading", name="Loss").count() == 0
