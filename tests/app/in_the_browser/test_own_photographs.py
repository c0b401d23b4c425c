"""Photographs of one's own, from a drop to an answer."""

import re

import numpy as np
import pytest

from tests.app.photographs import photograph, photograph_album

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def from_drop_to_answer(visitor, album: bytes, picture: bytes, look=lambda name: None) -> str:
    """What a network says of `picture` after it has learnt from an `album` that was dropped.

    `look` is called on every screen of the way.
    """
    page = visitor.page
    visitor.go("#/data?data=fashion-sample&add=1")
    page.get_by_text("Drop files here").wait_for()
    look("add")
    visitor.drop("my photos.zip", album)
    # Photographs differ in size: the page says so, and where to write one.
    page.get_by_text("write the size for all of them above").wait_for(timeout=120_000)
    look("sizes")
    page.get_by_label("Size in px").fill("32")
    page.get_by_role("button", name="Read again", exact=True).first.click()
    page.get_by_text("my-photos was added").wait_for(timeout=120_000)
    page.get_by_role("link", name="Train on it").wait_for(timeout=120_000)
    look("added")
    page.get_by_role("link", name="Train on it").click()
    page.get_by_role("button", name="Start training").wait_for()
    playwright.expect(page.get_by_label("Pictures", exact=True)).to_have_value("my-photos")
    look("form")
    # Of so few it takes smaller batches and more epochs than of many, which the page says and sets.
    page.get_by_role("button", name=re.compile(r"Set batches of \d+ and \d+ epochs")).click()
    page.get_by_text("are few to learn from").wait_for(state="detached")
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("status").filter(has_text="95 % interval").wait_for(timeout=600_000)
    look("trained")
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("Drawing sheet").wait_for()
    photo = {"name": "a photo.jpg", "mimeType": "image/jpeg", "buffer": picture}
    page.get_by_label("Open a picture").set_input_files(photo)
    page.get_by_text("How the picture was prepared").wait_for(timeout=120_000)
    look("answer")
    return page.locator(".said .big").inner_text()


def test_photographs_of_ones_own_go_from_a_drop_to_an_answer(visit):
    visitor = visit(viewport={"width": 1280, "height": 900})
    album = photograph_album(60, (400, 500))
    picture = photograph("leaf", np.random.default_rng(9), (400, 500))
    assert from_drop_to_answer(visitor, album, picture) == "leaf"
