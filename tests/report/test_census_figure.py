import numpy as np
import pytest

from tests.report.test_narrow import cut
from toile.inspection import Census, LayerCensus
from toile.report import census_figure


def layer(name: str, fired: list[int]) -> LayerCensus:
    counts = np.array(fired)
    return LayerCensus(name, "relu", 2000, counts, 0 * counts, counts.astype(np.float32), ())


def test_a_bar_has_the_shares_of_units_that_never_rarely_sometimes_and_always_fire():
    figure = census_figure(Census(2000, (layer("relu1", [0, 0, 1, 900, 2000]),)))
    (axes,) = figure.axes
    assert [round(bar.get_width(), 9) for bar in axes.patches] == [0.4, 0.2, 0.2, 0.2]
    assert "2 of 5 channels dead" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("narrow", [False, True])
def test_nothing_of_a_census_is_cut_off(narrow):
    layers = [layer(name, [0, 5]) for name in ("relu1", "residual1.shortcut.a_relu_of_long_name")]
    assert cut(census_figure(Census(60_000, tuple(layers)), narrow)) == []
