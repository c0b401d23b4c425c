"""How far the opening of pictures is, shown where they will be."""

import time

import pytest

OPENING = {
    "title": "opening fashion-sample",
    "status": "working",
    "done": 3,
    "total": 9,
    "unit": "files",
    "reason": "",
    "started": 0.0,
}


@pytest.mark.parametrize(
    ("address", "asked"),
    [("view=varied", "**/varied"), ("view=pictures&num=9&picture=3", "**/pictures/3")],
    ids=["varied", "large"],
)
def test_a_page_shows_how_far_an_opening_is_and_asks_no_more_once_it_is_stopped_or_left(
    visit, address, asked
):
    visitor = visit()
    page, questions, stops = visitor.page, [], []

    def still_opening(route) -> None:
        questions.append(route.request.url)
        route.fulfill(status=202, json=OPENING)

    page.route(asked, still_opening)
    page.on("request", lambda request: stops.append(request.url.endswith("/stop")))
    page.clock.install()

    def asks_no_more() -> bool:
        num = len(questions)
        for _ in range(3):
            page.clock.fast_forward(1000)
            # Answered after all that was asked before it.
            page.evaluate("fetch('index.html').then(said => said.text())")
        return len(questions) == num

    visitor.go(f"#/data?data=fashion-sample&{address}")
    page.get_by_text("3 of 9 files").wait_for()
    if "num=9" in address:
        # Else its own opening has a button of this name.
        page.get_by_text("9 of 6,000 training and validation pictures").wait_for()
    with page.expect_request(asked):
        page.clock.fast_forward(1000)
    assert not asks_no_more()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Opening the pictures was stopped").wait_for()
    assert any(stops)
    assert asks_no_more()

    visitor.go("#/runs")
    visitor.go(f"#/data?data=fashion-sample&{address}")
    page.get_by_text("3 of 9 files").wait_for()
    visitor.go("#/runs")
    page.get_by_role("heading", name="Runs").wait_for()
    assert asks_no_more()


def test_an_act_of_unknown_length_says_how_long_it_has_taken(visit):
    visitor = visit()
    act = OPENING | {"total": None, "unit": "describing the pictures"}
    act |= {"title": "describing fashion-sample", "started": time.time() - 120}
    visitor.page.route(
        "**/describe*", lambda route: route.fulfill(json={"act": act, "description": None})
    )
    visitor.go("#/data?data=fashion-sample")
    visitor.page.get_by_text("describing the pictures, 2 min so far").wait_for(timeout=20_000)
