"""Answers that come after a newer question was asked: they change nothing on the screen."""

from tests.app.conftest import until

SLOW = {"name": "slow", "data": {"name": "fashion-sample"}, "network": ["flatten", "relu"]}
FAST = {"name": "fast", "data": {"name": "fashion-sample"}, "network": ["flatten"]}


def test_a_draft_that_opens_late_leaves_the_one_that_was_chosen_after_it_as_it_is(visit):
    visitor = visit()
    page, held = visitor.page, []
    for recipe in (SLOW, FAST):
        content = {"content": {"recipe": recipe}}
        visitor.server.ask("PUT", f"drafts/build-{recipe['name']}", json=content)
    page.route("**/api/drafts/build-slow", lambda route: held.append(route))
    visitor.go("#/build?draft=build-slow")
    until(lambda: page.evaluate("1") and held != [])
    visitor.go("#/build?draft=build-fast")
    page.get_by_label("Delete flatten1").wait_for()
    page.get_by_role("button", name="+ dense", exact=True).click()
    page.get_by_label("Delete dense1").wait_for()

    with page.expect_response("**/api/drafts/build-slow"):
        held[0].continue_()
    # Each is answered after all that the page asks because of the answer before.
    for _ in range(3):
        page.evaluate("fetch('index.html').then(answer => answer.text())")
    page.get_by_role("button", name="Undo").click(timeout=20_000)
    page.get_by_label("Delete dense1").wait_for(state="detached")
    assert page.get_by_label("Delete relu1").count() == 0

    def is_kept() -> bool:
        fast = visitor.server.ask("GET", "drafts/build-fast").json()["content"]["recipe"]
        return fast["network"] == FAST["network"]

    until(is_kept)


def test_a_page_that_was_left_while_it_asked_changes_nothing_of_the_next_ones_address(visit):
    visitor = visit()
    page, held = visitor.page, []
    visitor.server.ask("PUT", "drafts/build-fast", json={"content": {"recipe": FAST}})
    is_slow = True
    page.route("**/api/choices", lambda route: held.append(route) if is_slow else route.continue_())
    visitor.go("#/build")
    until(lambda: page.evaluate("1") and held != [])
    visitor.go("#/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    is_slow = False
    for route in held:
        with page.expect_response("**/api/choices"):
            route.continue_()
    for _ in range(3):
        page.evaluate("fetch('index.html').then(answer => answer.text())")
    assert page.evaluate("location.hash") == "#/train"
