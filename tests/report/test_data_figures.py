import numpy as np
from matplotlib.patches import StepPatch

from toile.report import correlation_figure, grey_histogram_figure


def test_histograms_are_shares_of_each_classs_pixels() -> None:
    train, test = np.zeros((2, 2, 256), int)
    train[0, 7], train[0, 255] = 3, 1  # greys 0 to 7 make the first bar, 248 to 255 the last
    test[0, 8] = 5

    figure = grey_histogram_figure(train, test, ["cat", "dog"])

    steps = [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]
    ours, theirs = (patch.get_data() for patch in steps)
    values, edges, _ = ours
    assert (values[0], values[31], values.sum()) == (0.75, 0.25, 1)
    assert (edges[0], edges[-1]) == (0, 256)
    assert theirs[0][1] == 1


def test_a_class_without_pixels_draws_empty() -> None:
    nothing = np.zeros((3, 256), int)

    grey_histogram_figure(nothing, nothing, ["a", "b", "c"]).draw_without_rendering()


def test_the_third_correlation_matrix_is_test_less_train_on_its_own_scale() -> None:
    train, test = np.array([[1, 0.5], [0.5, 1]]), np.array([[1, 0.25], [0.25, 1]])

    images = [axes.images[0] for axes in correlation_figure(train, test, ["a", "b"]).axes[:3]]

    difference = images[2].get_array()
    assert difference is not None
    assert difference.tolist() == [[0, -0.25], [-0.25, 0]]
    assert [image.get_clim() for image in images] == [(-1, 1), (-1, 1), (-0.25, 0.25)]


def test_classes_without_a_correlation_are_left_blank() -> None:
    undefined = np.full((2, 2), np.nan)

    figure = correlation_figure(undefined, undefined, ["a", "b"])

    figure.draw_without_rendering()
    assert figure.axes[2].images[0].get_clim() == (-1e-3, 1e-3)


def test_up_to_twelve_classes_each_correlation_stands_in_its_cell() -> None:
    train, test = np.array([[1, 0.876], [0.876, 1]]), np.array([[1, -0.5], [-0.5, 1]])
    panels = correlation_figure(train, test, ["a", "b"]).axes[:3]
    said = [[text.get_text() for text in axes.texts] for axes in panels]
    assert said[:2] == [["1", ".88", ".88", "1"], ["1", "-.50", "-.50", "1"]]
    assert said[2] == ["0", "-1.38", "-1.38", "0"]
    many = np.eye(13)
    assert not correlation_figure(many, many, list("abcdefghijklm")).axes[0].texts
