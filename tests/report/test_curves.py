import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from toile.report import curve_figure, curves_figure
from toile.report.series import Measure
from toile.runs import History


def legend(axes: Axes) -> list[str]:
    drawn = axes.get_legend()
    assert drawn is not None
    return [text.get_text() for text in drawn.get_texts()]


def test_steps_and_scores_share_one_scale_of_epochs(history: History) -> None:
    (axes,) = curve_figure(history, "loss").axes
    training, validation = axes.get_lines()[:2]

    assert np.asarray(training.get_xdata()).tolist() == [0.5, 1, 1.5, 2, 2.5, 3]
    assert np.asarray(training.get_ydata()).tolist() == [1.75, 1.5, 1.25, 1.0, 0.75, 0.5]
    assert np.asarray(validation.get_xydata()).tolist() == [[1, 0.6], [2, 0.3], [3, 0.4]]


def test_the_latest_best_epoch_is_ringed_in_both_figures(history: History) -> None:
    loss, accuracy = curves_figure(history).axes

    assert np.asarray(loss.get_lines()[2].get_xydata()).tolist() == [[2, 0.3]]
    assert np.asarray(accuracy.get_lines()[2].get_xydata()).tolist() == [[2, 0.9]]


def test_the_legend_carries_the_current_values(history: History) -> None:
    loss, accuracy = curves_figure(history).axes

    # Training's is the last epoch's mean, 0.4 and 85 %, and not its last record's, 0.5 and 50 %.
    assert legend(loss) == ["Training 0.400", "Validation 0.400", "Best accuracy: epoch 2"]
    assert legend(accuracy) == ["Training 85.0 %", "Validation 85.0 %", "Best accuracy: epoch 2"]


def test_one_epoch_is_enough_for_curves(history: History) -> None:
    (axes,) = curve_figure(History(history.steps[:2], history.epochs[:1]), "loss").axes

    assert axes.get_xlabel() == "epoch"
    assert legend(axes) == ["Training 0.600", "Validation 0.600", "Best accuracy: epoch 1"]


def test_before_the_first_epoch_ends_the_steps_are_counted(no_epoch: History) -> None:
    (axes,) = curve_figure(no_epoch, "loss").axes

    assert axes.get_xlabel() == "step (no epoch finished yet)"
    assert np.asarray(axes.get_lines()[0].get_xdata()).tolist() == [2, 4]


def test_no_accuracy_above_100_percent_is_named_where_all_is_right(history: History) -> None:
    right = {"accuracy": 1.0, "loss": 0.1}
    epochs = tuple(one | {"training": right, "validation": right} for one in history.epochs)
    steps = tuple(one | {"accuracy": 1.0} for one in history.steps)
    figure = curves_figure(History(steps, epochs))
    figure.draw_without_rendering()
    _, accuracy = figure.axes

    named = [text.get_text() for text in accuracy.get_yticklabels()]
    assert [float(name[:-1]) for name in named if name][-1] == 100
    assert 1 < accuracy.get_ylim()[1] < 1.05


@pytest.mark.parametrize("steps", [0, 1])
def test_a_run_of_hardly_a_record_still_draws(no_epoch: History, steps: int) -> None:
    figure = curves_figure(History(no_epoch.steps[:steps], ()))

    figure.draw_without_rendering()


def test_a_loss_that_is_no_number_is_a_gap_and_has_no_current_value(history: History) -> None:
    lost = tuple(step | {"loss": None} for step in history.steps[2:])
    epochs = (*history.epochs[:2], history.epochs[2] | {"training": {"loss": None}})
    (axes,) = curve_figure(History(history.steps[:2] + lost, epochs), "loss").axes

    drawn = np.asarray(axes.get_lines()[0].get_ydata())
    assert drawn[:2].tolist() == [1.75, 1.5]
    assert np.isnan(drawn[2:]).all()
    assert legend(axes)[0] == "Training"


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_the_legend_leaves_the_title_alone(history: History, measure: Measure) -> None:
    right = {"accuracy": 1.0, "loss": 0.123}
    last = history.epochs[2] | {"training": right, "validation": right}
    figure = curve_figure(History(history.steps, (*history.epochs[:2], last)), measure)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (title,) = [one for one in axes.findobj(Text) if one.get_text() == measure.capitalize()]
    legend_ = axes.get_legend()
    assert legend_ is not None
    assert title.get_window_extent().x1 < legend_.get_window_extent().x0
