import numpy as np
import pytest

from toile.data import arrays_data, class_outline, load_data
from toile.errors import ToileError


@pytest.fixture(scope="module")
def shapes():
    """Twenty squares of 14 px in the middle of 28, and twenty dots, each a little else."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 20, (40, 28, 28)).astype(np.uint8)
    pixels[:20, 7:21, 7:21] += 200
    pixels[20:, 13:15, 13:15] += 200
    return arrays_data(pixels, ["square"] * 20 + ["dot"] * 20)


def test_the_outline_of_a_square_is_a_ring_around_it(shapes):
    edges = class_outline(shapes, "square")
    assert (edges.shape, edges.dtype) == ((336, 336), np.uint8)
    assert set(np.unique(edges)) == {0, 255}
    # Twelve times as large the square goes from 84 to 252; the ring is 5 px thick.
    rows, columns = np.nonzero(edges)
    for drawn in (rows, columns):
        assert (drawn.min(), drawn.max()) == pytest.approx((79, 256), abs=2)
    assert not edges[90:246, 90:246].any()
    assert edges[79:84, 100:236].mean() > 200
    assert (edges > 0).sum() == pytest.approx(178**2 - 168**2, rel=0.1)


def test_the_outline_of_dark_on_light_is_the_same(shapes):
    images = shapes.train
    turned = arrays_data(
        255 - images.pixels[:, 0], [shapes.class_names[label] for label in images.labels]
    )
    difference = class_outline(turned, "square") != class_outline(shapes, "square")
    # Another part of them is held out as the test part, so the greys of the mean differ a little.
    assert difference.mean() < 0.01


def test_a_class_that_is_not_there_is_refused_with_those_that_are(shapes):
    with pytest.raises(ToileError, match=r"'sqare' is no class of .*, which has .*; did you mean"):
        class_outline(shapes, "sqare")


def test_what_is_not_on_this_machine_is_refused_where_nothing_may_be_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path))
    monkeypatch.setenv("TOILE_DATA", str(tmp_path))
    with pytest.raises(ToileError, match=r"mnist is not on this machine.*toile data get mnist"):
        load_data("mnist", fetch=False)
    assert len(load_data("fashion-sample", fetch=False).train) == 6000
