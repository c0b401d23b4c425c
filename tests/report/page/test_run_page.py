import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest

from toile.evaluation import proportion
from toile.recipe import Plan
from toile.report import run_page
from toile.report.page.numbers import DASH
from toile.runs import History, LookScore, Run, write_score
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest

MakeRun = Callable[..., tuple[Run, Plan]]

VOID = {"meta", "img", "br", "link"}


class Reading(HTMLParser):
    """What a browser finds: tags that close in order, addresses, and the words outside <style>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


def test_a_finished_run_tells_its_score_with_interval_and_n(
    make_run: MakeRun, pixels: np.ndarray
) -> None:
    text = Reading(run_page(*make_run(), pixels)).text

    assert "Finished" in text
    # Wilson's interval for 3 of 4.
    assert "75.00 % 30.06 % to 95.44 %, n = 4" in text
    assert "The score is that of the last epoch's weights on 4 validation images" in text
    assert "No test image was used for this page" in text
    best = "2, with 75.00 % (30.06 % to 95.44 %, n = 4) on the scoring half of validation"
    assert f"chosen by one half of validation: {best}" in text
    assert not re.search(r"\d%", text)


def test_targets_are_told_by_epoch_and_time_and_the_next_one_as_not_reached(
    make_run: MakeRun,
) -> None:
    text = Reading(run_page(*make_run(), None)).text

    assert "80.00 % 1 epoch, 13 s" in text
    assert "90.00 % 2 epochs, 26 s 91.00 % not reached Whole run 39 s" in text


def test_mistakes_are_shown_with_their_probability(make_run: MakeRun, pixels: np.ndarray) -> None:
    page = Reading(run_page(*make_run(), pixels))

    assert "cat taken for dog 1 images, 50.00 % of the class" in page.text
    assert "img" in page.tags


def test_without_pixels_there_are_no_pictures(make_run: MakeRun) -> None:
    assert "img" not in Reading(run_page(*make_run(), None)).tags


@pytest.mark.parametrize("pictures", [True, False])
def test_the_page_runs_no_script_and_asks_no_other_host(
    make_run: MakeRun, pixels: np.ndarray, pictures: bool
) -> None:
    html = run_page(*make_run(), pixels if pictures else None)

    page = Reading(html)
    assert "script" not in page.tags
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:;" in html
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", html)


HOSTILE = "</style><script>alert(1)</script>--><img src=x onerror=alert(2)>"


def test_hostile_names_are_only_text(make_run: MakeRun, pixels: np.ndarray) -> None:
    run, plan = make_run(class_names=(HOSTILE, '"><b>$x^{$'), about={"title": HOSTILE})

    page = Reading(run_page(run, plan, pixels))

    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 4


def test_a_run_before_its_first_epoch_says_so(make_run: MakeRun, no_epoch: History) -> None:
    text = Reading(run_page(*make_run("running", records=no_epoch, logits=None), None)).text

    assert "The run has not ended its first epoch" in text
    assert "step (no epoch finished yet)" in text
    assert "there are no answers to look at yet" in text


def test_a_run_under_way_tells_its_last_epoch(make_run: MakeRun) -> None:
    text = Reading(run_page(*make_run("running"), None)).text

    assert "The run has not ended: its last epoch on 4 validation images" in text
    assert "75.00 %" in text


def test_a_diverged_run_has_a_page(make_run: MakeRun, pixels: np.ndarray) -> None:
    broken = np.full((4, 2), np.nan, np.float32)

    text = Reading(run_page(*make_run("diverged", logits=broken), pixels)).text

    assert "Diverged" in text
    assert "The loss stopped being a number" in text
    assert "nan" not in text.lower()


def test_a_run_that_was_always_right_has_no_mistakes_to_show(
    make_run: MakeRun, pixels: np.ndarray
) -> None:
    right = np.array([[9, 0], [9, 0], [0, 9], [0, 9]], np.float32)

    text = Reading(run_page(*make_run(logits=right), pixels)).text

    assert "every validation image was answered right" in text


def test_every_layer_is_listed_with_what_it_costs(make_run: MakeRun) -> None:
    text = Reading(run_page(*make_run(), None)).text

    # 3 x 3 x 1 x 2 weights and 2 biases; 18 multiply-adds at each of 16 places.
    assert "conv1 conv 2 × 4 × 4 20 288" in text  # noqa: RUF001
    assert "residual1.conv1 conv 2 × 4 × 4 6 64" in text  # noqa: RUF001


@pytest.mark.parametrize(
    ("first", "said"), [(["views"], "each of the 3 views of an image."), ([], "one image.")]
)
def test_multiply_adds_are_those_of_one_view(
    make_run: MakeRun, first: list[str], said: str
) -> None:
    network = [*first, "flatten", {"dense": "classes"}]
    text = Reading(run_page(*make_run(network=network), None)).text
    assert f"Multiply-adds count convolutions and dense layers, for {said}" in text


def test_the_page_is_the_same_each_time(make_run: MakeRun, pixels: np.ndarray) -> None:
    run, plan = make_run()
    assert run_page(run, plan, pixels) == run_page(run, plan, pixels)


def test_precision_f1_and_calibration_are_told_with_their_intervals(make_run: MakeRun) -> None:
    page = Reading(run_page(*make_run(), None))
    # Cats: two images, one found by the one answer "cat". Wilson's interval for 1 of 1.
    assert re.search(r"cat 50\.00 % 66\.67 % \(.*?\) 100\.00 % \(20\.7 to 100\.0\) 2 ", page.text)
    # On the half that does not choose: odds of 3 to 1, and both answers right.
    assert "Expected calibration error 25.00 %" in page.text
    assert "below the line it is too sure, and above it less sure than it is right" in page.text
    assert "Images 2" in page.text


def test_looks_at_the_test_part_are_told_as_text(make_run: MakeRun) -> None:
    run, plan = make_run()
    assert "The test part" not in Reading(run_page(run, plan, None)).text

    test = run.data.test_fingerprint
    beside = run.folder.parent
    look = write_look(
        [beside], LookRequest(run.id, "last", "r", "d", test, "/data"), "<script>why</script>"
    )
    write_score([beside], look, LookScore(proportion(9, 10), 0.25))
    write_look([beside], LookRequest("another", "best", "r", "d", test, "/data"), "theirs")

    page = Reading(run_page(run, plan, None))
    assert "Opened 2 times as of this page, 1 of them for this run" in page.text
    assert "<script>why</script> 90.00 % (59.6 to 98.2) 0.2500" in page.text
    assert "script" not in page.tags
    assert "theirs" not in page.text


def test_a_look_whose_score_has_no_loss_is_told_without_one(make_run: MakeRun) -> None:
    run, plan = make_run()
    beside, test = [run.folder.parent], run.data.test_fingerprint
    look = write_look(beside, LookRequest(run.id, "last", "r", "d", test, "/data"), "in a study")
    write_score(beside, look, LookScore(proportion(9, 10)))
    assert f"in a study 90.00 % (59.6 to 98.2) {DASH}" in Reading(run_page(run, plan, None)).text


def test_a_look_that_no_score_followed_is_told_too(make_run: MakeRun) -> None:
    run, plan = make_run()
    test = run.data.test_fingerprint
    write_look(
        [run.folder.parent], LookRequest(run.id, "last", "r", "d", test, "/data"), "a kill came"
    )
    assert "a kill came no score followed" in Reading(run_page(run, plan, None)).text
