from toile.evaluation import Reached, convergence

EPOCHS = [(0.80, 10.0), (0.91, 20.0), (0.89, 30.0), (0.92, 40.0)]


def test_the_first_epoch_at_or_above_the_target_counts() -> None:
    assert convergence(EPOCHS, [0.80, 0.90, 0.92]) == (
        Reached(0.80, 1, 10.0),
        Reached(0.90, 2, 20.0),
        Reached(0.92, 4, 40.0),
    )


def test_a_target_never_met_is_not_reached() -> None:
    (missed,) = convergence(EPOCHS, [0.95])

    assert missed.to_json() == {"accuracy": 0.95, "epoch": None, "seconds": None}


def test_a_diverged_epoch_reaches_nothing() -> None:
    assert convergence([(float("nan"), 5.0)], [0.0]) == (Reached(0.0, None, None),)


def test_no_epochs_reach_nothing() -> None:
    assert convergence([], [0.5]) == (Reached(0.5, None, None),)
