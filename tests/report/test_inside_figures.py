"""Figures of what a network does inside: all that was given is there, and nothing divides by 0."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from tests.inspection.conftest import NETWORKS, network_of, noise
from tests.report.test_narrow import GARMENTS, cut
from toile.evaluation import CORRUPTIONS, CorruptionScores, proportion, score_strength
from toile.inspection import attribute, pixel, removal_curves
from toile.report import (
    PruningLine,
    channel_maps_figure,
    driven_figure,
    evidence_figure,
    film_figure,
    number_sum_figure,
    plane_figure,
    pruning_figure,
    robustness_figure,
    strongest_figure,
)
from toile.report.grid import canvas
from toile.report.inside.shades import shading

PICTURE = np.arange(72, dtype=np.uint8).reshape(1, 9, 8)


def texts(figure) -> list[str]:
    return [one.get_text() for one in figure.findobj(Text) if one.get_text()]


@pytest.mark.parametrize("count", [1, 7, 32, 300])
@pytest.mark.parametrize("narrow", [False, True])
def test_every_channel_is_drawn_also_where_they_fill_no_square(count, narrow):
    maps = np.random.default_rng(0).random((count, 4, 3), np.float32)
    figure = channel_maps_figure(maps, "relu1", picture=PICTURE, narrow=narrow)
    page = figure.axes[0]
    assert len(page.images) == count + 1
    assert all(image.get_extent()[1] <= page.get_xlim()[1] for image in page.images)
    assert all(image.get_extent()[2] <= page.get_ylim()[0] for image in page.images)
    assert cut(figure) == []


def test_dead_and_silent_channels_are_said_to_be_and_zeros_divide_nothing():
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 1] = 2
    silent, dead = np.array([False, True, True]), np.array([False, False, True])
    for per_channel_scale in (False, True):
        figure = channel_maps_figure(
            maps, "relu1", silent=silent, dead=dead, per_channel_scale=per_channel_scale
        )
        assert {"0", "1 silent", "2 dead"} <= set(texts(figure))
        figure.canvas.draw()
    channel_maps_figure(np.zeros((3, 4, 4), np.float32), "relu1").canvas.draw()


def test_small_numbers_of_either_sign_are_seen():
    # Alpha is the share of the largest: what is a tenth as large is not clear.
    alpha = shading(np.array([-1.0, 1.0])).to_rgba(np.array([-1, -0.1, 0, 0.1, 1.0]))[:, 3]
    np.testing.assert_allclose(alpha, [1, 0.1, 0, 0.1, 1], atol=0.01)


def test_on_a_scale_of_its_own_each_channel_reaches_the_end():
    maps = np.array([[[1.0, 0]], [[0.01, -0.005]]], np.float32)
    figure = channel_maps_figure(maps, "conv1", per_channel_scale=True)
    alphas = [image.get_array()[..., 3] for image in figure.axes[0].images]
    np.testing.assert_allclose([one.max() for one in alphas], 1, atol=0.01)
    np.testing.assert_allclose(alphas[1][0, 1], 0.5, atol=0.01)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("layer", ["conv1", "conv2", "dense1"])
def test_the_bars_of_a_sum_add_up_to_the_number(layer, narrow):
    found = pixel(network_of(NETWORKS["plain"]), noise(1)[0], layer, 1)
    figure = number_sum_figure(found, narrow)
    bars = figure.axes[-1].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(found.output, rel=1e-5)
    assert f"= {found.total:.4g}" in figure.axes[-1].get_xlabel()
    assert cut(figure) == []


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("checked", [False, True])
def test_a_map_stands_beside_its_check_and_the_sentence(narrow, checked):
    network, image = network_of(NETWORKS["plain"]), noise(1)
    heat = attribute(network, image, "integrated", classes=0).heat[0]
    curves = removal_curves(network, image[0], heat, 0, image.new_zeros(2)) if checked else None
    figure = evidence_figure(PICTURE, heat, "Coat", curves, "It tells this network.", narrow)
    assert "It tells this network." in texts(figure)
    assert ("Checked by its pixels" in texts(figure)) is checked
    assert cut(figure) == []


@pytest.mark.parametrize("narrow", [False, True])
def test_each_of_the_strongest_has_its_patch(narrow):
    pixels = np.stack([[PICTURE] * 9] * 2)
    patches = np.tile([1, 4, 2, 8], (2, 9, 1))
    figure = strongest_figure(["a", "b"], pixels, patches, [["x 1.0"] * 9] * 2, narrow)
    (page,) = figure.axes
    # Each picture, and the patch of it alone.
    assert len(page.patches) == len(page.images) / 2 == 18
    assert np.array_equal(page.images[1].get_array(), canvas(PICTURE[:, 1:4, 2:8]))
    left, right, bottom, top = page.images[0].get_extent()
    side = (right - left) / 8
    box = page.patches[0]
    assert (box.get_x() - left) / side == pytest.approx(2)
    assert (box.get_y() - top) / side == pytest.approx(1)
    assert (box.get_width() / side, box.get_height() / side) == pytest.approx((6, 3))
    assert bottom < page.get_ylim()[0]
    assert cut(figure) == []


LONG = "TROUSERS WITH MOSTLY WIDE LETTERS $ AND MORE"


def extents(figure, written):
    """Where each of the texts that `written` picks lies, left to right."""
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if written(text.get_text())]
    return sorted(boxes, key=lambda box: box.x0)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("checked", [False, True])
def test_a_long_class_name_above_a_map_ends_before_the_next(narrow, checked):
    heat = np.arange(72, dtype=np.float32).reshape(PICTURE.shape[1:])
    curves = None
    if checked:
        network, image = network_of(NETWORKS["plain"]), noise(1)
        curves = removal_curves(network, image[0], heat, 0, image.new_zeros(2))
    figure = evidence_figure(PICTURE, heat, LONG, curves, "", narrow)
    named = extents(figure, lambda text: text.startswith("Map of TROUSERS"))
    after = extents(figure, lambda text: text == "Map over the picture")
    assert len(named) == len(after) == 1
    assert named[0].x1 < (figure.bbox.x1 if narrow else after[0].x0)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("end", [4, PICTURE.shape[1]])
def test_a_long_class_name_below_a_picture_leaves_its_value_and_the_next(narrow, end):
    pixels, patches = np.stack([[PICTURE] * 3]), np.tile([0, end, 0, 8], (1, 3, 1))
    figure = strongest_figure(["a"], pixels, patches, [[f"{LONG} 12.34"] * 3], narrow)
    boxes = extents(figure, lambda text: "12.34" in text)
    assert len(boxes) == 3
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert boxes[-1].x1 < figure.bbox.x1


@pytest.mark.parametrize("narrow", [False, True])
def test_a_film_has_a_row_for_each_epoch_and_one_scale(narrow):
    maps = np.zeros((3, 20, 4, 4), np.float32)
    maps[2] = 5
    maps[1] = 2.5
    figure = film_figure(maps, [1, 2, 4], range(20), "relu1", narrow)
    page = figure.axes[0]
    columns = 6 if narrow else 12
    assert len(page.images) == 3 * columns
    assert {"epoch 1", "epoch 2", "epoch 4"} <= set(texts(figure))
    alphas = [image.get_array()[0, 0, 3] for image in page.images[:3]]
    np.testing.assert_allclose(alphas, [0, 0.5, 1], atol=0.01)
    assert cut(figure) == []


@pytest.mark.parametrize("narrow", [False, True])
def test_a_driven_picture_stands_beside_the_datas(narrow):
    values = np.random.default_rng(0).normal(size=200)
    assert cut(driven_figure(PICTURE, PICTURE, values, 4.0, "relu1 channel 3", narrow)) == []


@pytest.mark.parametrize("narrow", [False, True])
def test_mistakes_are_ringed_and_counted(narrow):
    rng = np.random.default_rng(0)
    labels = np.arange(50) % 10
    predicted = labels.copy()
    predicted[3] = 7
    figure = plane_figure(
        rng.normal(size=(50, 2)), labels, predicted, np.arange(100, 150), GARMENTS, ("one", "two"),
        "The last hidden layer", narrow,
    )  # fmt: skip
    assert "103" in texts(figure)
    assert "predicted wrong (1)" in texts(figure)
    assert cut(figure) == []


@pytest.mark.parametrize("narrow", [False, True])
def test_the_legend_of_a_pruning_curve_hides_no_accuracy(narrow):
    fractions = np.linspace(0, 1, 21).tolist()
    ends = tuple((value, value, value) for value in (1 - np.array(fractions) ** 4).tolist())
    lines = [PruningLine("measured rise of loss", ends)] * 3
    figure = pruning_figure(fractions, lines, "quick with channels cut", 0.003, narrow)
    figure.canvas.draw()
    (axes,) = figure.axes
    legend = (axes.get_legend() or figure.legends[0]).get_window_extent()
    positions = axes.transData.transform(
        [(x, end[0]) for x, end in zip(fractions, ends, strict=True)]
    )
    assert not any(legend.contains(x, y) for x, y in positions)


@pytest.mark.parametrize("narrow", [False, True])
def test_no_index_of_a_mistake_is_written_over_another(narrow):
    # Most lie on one line, as where a layer has two units.
    along = np.random.default_rng(0).normal(size=300)
    points = np.stack([along, 0.01 * along**2], 1)
    figure = plane_figure(
        points, np.zeros(300, int), np.ones(300, int), np.arange(54_000, 54_300), GARMENTS,
        ("one", "two"), "The last hidden layer", narrow,
    )  # fmt: skip
    boxes = extents(figure, lambda text: text.startswith("54"))
    assert len(boxes) == 12
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert cut(figure) == []


def test_an_index_stands_where_it_covers_fewest_points():
    # Right of the mistake and above it are points.
    near = np.random.default_rng(0).uniform((0.1, 0.1), (1.5, 0.8), (200, 2))
    points = np.concatenate([[[0.0, 0.0], [-10, -10], [10, 10]], near])
    labels = np.zeros(len(points), int)
    figure = plane_figure(
        points, labels, np.eye(1, len(points), dtype=int)[0], np.arange(len(points)) + 54_000,
        GARMENTS, ("one", "two"), "The last hidden layer",
    )  # fmt: skip
    (box,) = extents(figure, lambda text: text == "54000")
    positions = figure.axes[0].transData.transform(points)
    assert box.count_contains(positions) == 0
    assert (box.x1 < positions[0, 0]) or (box.y1 < positions[0, 1])


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("attacked", [False, True])
def test_each_corruption_has_its_graph_with_the_clean_level_as_a_line(narrow, attacked):
    clean = score_strength(0.0, np.eye(2)[[0, 1, 1, 0]], np.array([0, 1, 1, 1]))
    scores = [
        CorruptionScores(
            corruption,
            clean,
            tuple(
                score_strength(strength, np.eye(2)[[0, 1, 1, 1]], np.arange(4) % 2)
                for strength in corruption.strengths(28, 28)
            ),
        )
        for corruption in CORRUPTIONS.values()
    ]
    levels = [(eps, proportion(4 - eps, 4)) for eps in (1, 2, 4)]
    attacks = {"fgsm": levels, "pgd": levels} if attacked else {}
    figure = robustness_figure(scores, proportion(4, 4), attacks, narrow)
    drawn = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title("left").lower() for axes in drawn] == [
        *CORRUPTIONS, *["attack"] * attacked,
    ]  # fmt: skip
    for axes in drawn[:8]:
        line, curve = axes.lines
        assert set(line.get_ydata()) == {0.75}
        assert list(curve.get_ydata()) == [0.75] * 5
    if attacked:
        line, *curves = drawn[8].lines
        assert set(line.get_ydata()) == {1}
        assert [list(curve.get_ydata()) for curve in curves if len(curve.get_ydata())] == [
            [0.75, 0.5, 0]
        ] * 2
    assert cut(figure) == []
