import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from toile.errors import ToileError
from toile.training import Diverged, Epoch, Finished, Interval, Scoring, Stepped, train


def events(fit):
    return list(train(fit))


def epochs(fit):
    return [event for event in train(fit) if isinstance(event, Epoch)]


def test_bands_are_learnt_in_a_few_epochs(make_fit):
    last = epochs(make_fit(training__epochs=12))[-1]
    assert last.validation.accuracy > 0.9
    assert last.training.loss < 0.6


def test_every_step_is_said_and_every_epoch_scored(make_fit):
    said = events(make_fit())
    steps = [event.step for event in said if isinstance(event, Stepped)]
    assert steps == list(range(1, 11))
    assert [event.epoch for event in said if isinstance(event, Epoch)] == [1, 2]
    assert [type(event) for event in said[-3:]] == [Scoring, Epoch, Finished]


def test_the_intervals_of_an_epoch_average_to_the_epoch(make_fit):
    said = events(make_fit(training__epochs=1))
    intervals = [event for event in said if isinstance(event, Interval)]
    sizes = [10, 10, 10, 10, 8]
    epoch = next(event for event in said if isinstance(event, Epoch))
    assert len(intervals) == 5
    mean = np.average([one.loss for one in intervals], weights=sizes)
    assert mean == pytest.approx(epoch.training.loss)


def test_the_first_loss_is_that_of_the_first_weights(make_fit):
    fit, twin = make_fit(network__dropout1="off"), make_fit(network__dropout1="off")
    images, labels = twin.batches.epoch(0)[0]
    expected = F.cross_entropy(twin.network.train()(images), labels).item()
    first = next(event for event in train(fit) if isinstance(event, Interval))
    assert first.loss == pytest.approx(expected, rel=1e-6)


def test_smoothed_targets_are_learnt_from_but_not_reported(make_fit):
    plain, smooth = (
        next(event for event in train(make_fit(**settings)) if isinstance(event, Interval))
        for settings in ({}, {"training__label_smoothing": 0.3})
    )
    assert smooth.loss == plain.loss
    after = [make_fit(), make_fit(training__label_smoothing=0.3)]
    weights = []
    for fit in after:
        next(iter(train(fit)))
        weights.append(fit.network.state_dict()["dense2.weight"])
    assert not torch.equal(*weights)


def test_the_scores_are_those_of_the_logits_kept(make_fit):
    fit = make_fit()
    last = epochs(fit)[-1]
    right = (fit.logits.argmax(1) == fit.validation_labels).float()
    assert last.validation.accuracy == pytest.approx(right.mean().item())
    assert last.selection.accuracy == pytest.approx(right[fit.selection].mean().item())
    assert last.holdout.accuracy == pytest.approx(right[~fit.selection].mean().item())
    fit.network.eval()
    with torch.no_grad():
        again = fit.network(fit.batches.pixels.scaled(fit.validation))
    assert torch.allclose(fit.logits, again)


def test_gradients_and_training_mode_are_the_consumers_at_every_event(make_fit):
    fit = make_fit()
    for event in train(fit):
        assert torch.is_grad_enabled()
        assert not torch.is_autocast_enabled("cpu")
        if isinstance(event, Scoring):
            assert fit.network.training


def test_a_listener_may_look_at_the_network_in_evaluation_mode_between_epochs(make_fit):
    looked_at, whole = make_fit(), make_fit()
    for event in train(looked_at):
        if isinstance(event, Epoch):
            looked_at.network.eval()
    events(whole)
    for name, value in whole.tensors().items():
        assert torch.equal(value, looked_at.tensors()[name]), name


def test_leaving_the_loop_leaves_the_last_finished_step_and_training_again_goes_on(make_fit):
    broken, whole = make_fit(), make_fit()
    for event in train(broken):
        if isinstance(event, Stepped) and event.step == 3:
            break
    assert broken.position.step == 3
    rest = [event.step for event in train(broken) if isinstance(event, Stepped)]
    assert rest == list(range(4, 11))
    events(whole)
    for name, value in whole.tensors().items():
        assert torch.equal(value, broken.tensors()[name]), name


def test_a_rate_beyond_reason_ends_as_diverged_without_taking_the_step(make_fit):
    fit = make_fit(**{"training__optimizer.sgd.learning_rate": 1e6, "training__epochs": 20})
    said = events(fit)
    assert isinstance(said[-1], Diverged)
    assert not any(isinstance(event, Finished) for event in said)
    assert not math.isfinite(said[-1].loss)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("norm", ["batchnorm", "off"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_weights_that_are_lost_are_told_at_the_next_step(make_fit, lost, precision, norm, parts):
    settings = {"precision": precision, "threads": parts, "shards": parts}
    fit = make_fit(
        network__batchnorm1=norm, **{f"training__{one}": settings[one] for one in settings}
    )
    for event in train(fit):
        if isinstance(event, Stepped) and event.step == 3:
            # As it stands in a processor: a NaN with its sign set.
            fit.network.get_parameter("conv1.bias").data[1] = -lost if math.isnan(lost) else lost
    assert isinstance(event, Diverged)
    assert event.step == 4


def test_early_stopping_waits_its_patience_then_stops(make_fit):
    fit = make_fit(
        training__epochs=50,
        training__early_stopping={"patience": 2},
        **{"training__optimizer.sgd.learning_rate": 0.0},
    )
    said = events(fit)
    scored = [event for event in said if isinstance(event, Epoch)]
    best = max(event.epoch for event in scored if event.best)
    assert said[-1] == Finished(best + 2, early=True)
    assert len(scored) == best + 2


def patient(make_fit, epochs, *extended):
    return make_fit(
        training__epochs=epochs,
        training__early_stopping={"patience": 2, "least_change": 0.9},
        training__extended=[{"step": step, "epochs": before} for step, before in extended],
    )


@pytest.mark.parametrize("left_at", [None, 2, 7], ids=["stopped early", "waiting", "mid-epoch"])
def test_a_fit_asked_for_more_epochs_waits_anew_also_when_restored_there(make_fit, left_at):
    """A killed run has the checkpoint that was there before it was asked, and the new recipe."""
    first = patient(make_fit, 8)
    for event in train(first):
        if isinstance(event, Stepped) and event.step == left_at:
            break
    step = first.position.step
    assert (step, first.position.stopped_early) == ((left_at, False) if left_at else (15, True))
    arrays = {name: array.copy() for name, array in first.arrays().items()}
    restored = patient(make_fit, 12, (step, 8))
    restored.restore(arrays, first.facts())
    from_the_beginning = patient(make_fit, 12, (step, 8))
    said, anew = events(restored), events(from_the_beginning)
    assert said[-1] == anew[-1] == Finished(3 + 2 if left_at is None else 3, early=True)
    for name, value in restored.tensors().items():
        assert torch.equal(value, from_the_beginning.tensors()[name]), name


def test_the_best_epoch_is_chosen_by_the_choosing_half_alone(make_fit):
    scored = epochs(make_fit(training__epochs=6))
    best = 0.0
    for event in scored:
        assert event.best == (event.selection.accuracy > best)
        best = max(best, event.selection.accuracy)


def test_a_least_change_shortens_the_wait_but_not_the_search_for_the_best(make_fit):
    scored = epochs(
        make_fit(training__epochs=8, training__early_stopping={"patience": 8, "least_change": 0.9})
    )
    best = 0.0
    for event in scored:
        assert event.best == (event.selection.accuracy > best)
        best = max(best, event.selection.accuracy)
    assert sum(event.best for event in scored) > 1


def test_clipping_bounds_the_step(make_fit):
    fit = make_fit(training__clip_norm=1e-3, **{"training__optimizer.sgd.learning_rate": 1.0})
    before = torch.cat([one.detach().flatten().clone() for one in fit.network.parameters()])
    next(iter(train(fit)))
    after = torch.cat([one.detach().flatten() for one in fit.network.parameters()])
    assert (after - before).norm().item() == pytest.approx(1e-3, rel=0.01)


def test_an_average_is_scored_in_place_of_the_weights_it_follows(make_fit):
    fit = make_fit(training__ema=0.9)
    events(fit)
    fit.ema.eval()
    with torch.no_grad():
        logits = fit.ema(fit.batches.pixels.scaled(fit.validation))
    assert torch.allclose(fit.logits, logits)
    fit.network.eval()
    with torch.no_grad():
        assert not torch.allclose(
            fit.logits, fit.network(fit.batches.pixels.scaled(fit.validation))
        )


def test_another_seed_gives_another_network_and_the_same_seed_the_same(make_fit):
    fits = [make_fit(seed=seed) for seed in (1, 1, 2)]
    for fit in fits:
        events(fit)
    one, same, other = (fit.network.state_dict()["conv1.weight"] for fit in fits)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_bfloat16_steps_keep_float32_weights_and_scores(make_fit):
    fit = make_fit(training__precision="bfloat16", training__epochs=12)
    last = epochs(fit)[-1]
    assert {weight.dtype for weight in fit.network.parameters()} == {torch.float32}
    assert fit.logits.dtype == torch.float32
    assert last.validation.accuracy > 0.8


def test_batch_norms_of_rows_train_whatever_is_left_for_the_last_batch(make_fit):
    rows = {"network__relu2": "batchnorm"}
    scored = epochs(make_fit(training__batch_size=47, **rows))
    assert math.isfinite(scored[-1].training.loss)


def test_batch_norms_of_rows_refuse_batches_of_one(make_fit):
    with pytest.raises(ToileError, match=r"batch_size is 1: .* use 2 or more"):
        make_fit(training__batch_size=1, network__relu2="batchnorm")


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_what_is_left_over_of_an_epoch_joins_its_last_record(make_fit, batch_size):
    """48 pictures: 48, 24 or 7 steps, in 20 or fewer records of as many steps but for the last."""
    events = [
        event
        for event in train(make_fit(training__epochs=1, training__batch_size=batch_size))
        if isinstance(event, Interval)
    ]
    steps = [event.step for event in events]
    lengths = [after - before for before, after in pairwise([0, *steps])]
    assert steps[-1] == -(-48 // batch_size)
    assert set(lengths[:-1]) <= {lengths[0]}
    assert lengths[0] <= lengths[-1] < 2 * lengths[0]
