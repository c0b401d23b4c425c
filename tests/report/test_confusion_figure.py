import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from toile.report import confusion_figure
from toile.report.confusion import RAMP, SPREAD


def numbers(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def lightness(share: float, card: str) -> float:
    """CIE L* of the ramp's colour for a share, laid over a card."""
    *color, alpha = RAMP(float(SPREAD(share)))
    mixed = alpha * np.array(color) + (1 - alpha) * np.array(to_rgb(card))
    luminance = [0.2126, 0.7152, 0.0722] @ mixed**2.2
    return float(116 * np.cbrt(luminance) - 16)


def test_counts_are_written_where_there_are_any() -> None:
    figure = confusion_figure(np.array([[1200, 3], [0, 7]]), ["cat", "dog"])

    assert numbers(figure) == ["1,200", "3", "7"]


def test_rows_are_true_classes_and_columns_answers() -> None:
    axes = confusion_figure(np.array([[3, 1], [0, 2]]), ["cat", "dog"]).axes[0]

    shares = axes.images[0].get_array()
    assert shares is not None
    assert shares.tolist() == [[0.75, 0.25], [0, 1]]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


def test_a_class_without_images_is_an_empty_row() -> None:
    axes = confusion_figure(np.array([[0, 0], [1, 1]]), ["none", "some"]).axes[0]

    shares = axes.images[0].get_array()
    assert shares is not None
    assert shares.tolist() == [[0, 0], [0.5, 0.5]]


@pytest.mark.parametrize(("k", "written"), [(20, 20), (21, 0)])
def test_numbers_are_left_out_over_twenty_classes(k: int, written: int) -> None:
    figure = confusion_figure(np.eye(k, dtype=int), [f"class {i}" for i in range(k)])

    assert len(numbers(figure)) == written


@pytest.mark.parametrize("card", ["#ffffff", "#141a22"])
def test_equal_steps_of_the_ramp_are_nearly_equal_steps_of_lightness(card: str) -> None:
    steps = np.diff([lightness(root**2, card) for root in np.linspace(0, 1, 6)])

    assert abs(steps).min() > 0.6 * abs(steps).max()
    assert (np.sign(steps) == np.sign(steps[0])).all()


def test_one_mistake_in_a_hundred_can_be_seen_beside_a_full_diagonal() -> None:
    # Two or three steps of L* can just be noticed on large patches.
    assert lightness(0, "#ffffff") - lightness(0.01, "#ffffff") > 4


def test_a_thousand_classes_are_counted_not_named() -> None:
    figure = confusion_figure(np.eye(1000, dtype=int), ["x"] * 1000)

    assert len(figure.axes[0].get_yticklabels()) < 60
