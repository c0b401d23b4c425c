"""The strip of steps: what is on it."""

from itertools import combinations

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from toile.prediction import ClassProbability, PreparationStep
from toile.report import StepsOf, steps_figure

WIDE = np.full((1, 10, 20), 77, np.uint8)
COLOUR = np.full((3, 300, 150), 200, np.uint8)
TOP = (ClassProbability("Bag", 0.75), ClassProbability("Coat", 0.25))


def strip(**changes) -> StepsOf:
    steps = (
        PreparationStep("As read", "20 x 10 px, grey.", WIDE),
        PreparationStep("Found", "It is here.", COLOUR, (30.0, 60.0, 120.0, 300.0)),
    )
    fields = {"name": "shoe.png", "steps": steps, "top": TOP, "warnings": ()}
    return StepsOf(**(fields | changes))


def words(figure) -> str:
    return "\n".join(text.get_text() for text in figure.axes[0].texts)


def test_every_step_is_drawn_in_its_proportions_with_its_sentence():
    figure = steps_figure([strip()])
    first, second = figure.axes[0].images
    left, right, bottom, top = first.get_extent()
    assert np.isclose(right - left, 2 * (bottom - top))
    left, right, bottom, top = second.get_extent()
    assert np.isclose(2 * (right - left), bottom - top)
    assert (first.get_array() == 77).all()
    for said in ("shoe.png", "As read", "20 x 10 px, grey.", "Found", "It is here."):
        assert said in words(figure)


def test_what_was_found_is_framed_where_it_is():
    figure = steps_figure([strip()])
    left, right, bottom, top = figure.axes[0].images[1].get_extent()
    boxes = [
        patch
        for patch in figure.axes[0].patches
        if isinstance(patch, Rectangle) and not patch.get_fill() and patch.get_linewidth() > 1
    ]
    (box,) = boxes
    assert np.isclose(box.get_x(), left + (right - left) * 30 / 150)
    assert np.isclose(box.get_y(), top + (bottom - top) * 60 / 300)
    assert np.isclose(box.get_width(), (right - left) * 90 / 150)


def test_a_bar_is_as_long_as_the_class_is_likely():
    figure = steps_figure([strip()])
    bars = [patch for patch in figure.axes[0].patches if np.isclose(patch.get_height(), 0.08)]
    whole, bag, _, coat = (bar.get_width() for bar in bars)
    assert np.isclose(bag, 0.75 * whole)
    assert np.isclose(coat, 0.25 * whole)
    assert "75.0 %" in words(figure)


def test_names_with_a_dollar_and_warnings_are_written_and_nothing_leaves_the_page():
    odd = strip(name="$a$.png", warnings=("it has 3 frames; only the first is used",) * 2)
    figure = steps_figure([odd, strip()])
    assert "It has 3 frames; only" in words(figure)
    figure.draw_without_rendering()
    page = figure.bbox
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1


def test_on_a_small_screen_two_stand_in_a_row_and_no_sentence_meets_the_next_step():
    said = "It was scaled to 100 % of 28 x 28 px and centred by its box, like the training images."
    steps = tuple(PreparationStep(f"Step {n}", said, COLOUR) for n in range(7))
    figure = steps_figure([strip(steps=steps)], narrow=True)
    assert figure.get_size_inches()[0] < 4.5
    figure.draw_without_rendering()
    texts = [one for one in figure.findobj(Text) if one.get_text().strip()]
    boxes = [one.get_window_extent() for one in texts]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
