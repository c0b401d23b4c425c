"""The training loop: a generator of events over a fit.

Stop by leaving the loop: the fit then stands after its last finished step, and `train` again goes
on from there. Nothing global (gradient mode, autocast) is held across a yield.
"""

import math
import time
from collections.abc import Generator, Iterator
from itertools import chain

import torch
from torch import Tensor

from toile import evaluation
from toile.engine import BatchResult, EpochBatches
from toile.network import logits_in_batches
from toile.torch_private import step_optimizer
from toile.training.ema import update_ema
from toile.training.events import (
    Diverged,
    Epoch,
    EpochScore,
    Event,
    Finished,
    Interval,
    Scoring,
    StartScored,
    Stepped,
)
from toile.training.fit import Fit
from toile.training.optimizer import set_rate
from toile.training.schedule import rate_factor

INTERVALS_PER_EPOCH = 20


def train(fit: Fit) -> Iterator[Event]:
    """Fit in place until the recipe's epochs are done, yielding plain numbers as it goes."""
    position = fit.position
    try:
        if fit.recipe.training.epochs == 0:
            yield from _score_start(fit)
        while not has_ended(fit):
            for event in chain(_train_epoch(fit), score_epoch(fit)):
                yield event
                if isinstance(event, Diverged):
                    return
    finally:
        fit.gradient.close()
    yield Finished(position.evaluated, position.stopped_early)


def has_ended(fit: Fit) -> bool:
    """Whether the recipe's epochs are done, or early stopping ended them."""
    reset_patience_if_extended(fit)
    return fit.position.stopped_early or fit.position.evaluated >= fit.recipe.training.epochs


def reset_patience_if_extended(fit: Fit) -> None:
    """Begin the patience of early stopping anew at a step from which the run was extended.

    The recipe has these steps. So the same happens in the fit that was extended, in one restored
    at that step, and in one that is trained by that recipe from the beginning.
    """
    position = fit.position
    if any(extension.step == position.step for extension in fit.recipe.training.extended):
        position.waited, position.stopped_early = 0, False


def _train_epoch(fit: Fit) -> Iterator[Event]:
    position, per_epoch = fit.position, fit.batches.per_epoch
    epoch = position.evaluated
    first = position.step - epoch * per_epoch
    if first == per_epoch:
        return  # stopped between the last step and the score
    fit.gradient.train_mode()
    interval_steps = max(1, per_epoch // INTERVALS_PER_EPOCH)
    batches = fit.batches.epoch(epoch)
    for index in range(first, per_epoch):
        # Only the training is timed, not what the listener does between events.
        started = time.perf_counter()
        reset_patience_if_extended(fit)
        loss = _step(fit, batches, index)
        if loss is not None:
            yield Diverged(epoch + 1, position.step + 1, loss)
            return
        position.step += 1
        seconds = time.perf_counter() - started
        position.interval_seconds += seconds
        position.epoch_seconds += seconds
        position.total_seconds += seconds
        # The interval comes first: a fit that is left at this step then has all its records.
        if ends_interval(index, interval_steps, per_epoch):
            yield end_interval(fit, epoch, index, interval_steps)
        yield Stepped(position.step, fit.steps, epoch + 1)


def _step(fit: Fit, batches: EpochBatches, index: int) -> float | None:
    """Step `index` of an epoch. Returns the loss, without stepping, where it is not finite."""
    settings = fit.recipe.training
    result = fit.gradient.compute(batches, index, fit.steps - fit.position.step)
    # A GPU would have to wait for this at every step; there the sum of the interval is looked at.
    if fit.device.type == "cpu" and not math.isfinite(value := float(result.loss)):
        return value
    if settings.clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(fit.network.parameters(), settings.clip_norm)
    set_rate(fit.optimizer, factor_at(fit, fit.position.step))
    step_optimizer(fit.optimizer)
    if fit.ema is not None and settings.ema is not None:
        update_ema(fit.ema, fit.network, settings.ema, fit.position.step + 1)
    _count(fit, result)
    return None


def factor_at(fit: Fit, step: int) -> float:
    """The schedule's factor at `step`, by the number of epochs that was planned then."""
    settings, per_epoch = fit.recipe.training, fit.batches.per_epoch
    planned = (extension.epochs for extension in settings.extended if step < extension.step)
    epochs = next(planned, settings.epochs)
    return rate_factor(settings.schedule, step, epochs * per_epoch, per_epoch)


def _last_rate(fit: Fit) -> float:
    """The learning rate of the last step done; the greatest, where groups of weights differ."""
    base_lr = max(group["base_lr"] for group in fit.optimizer.param_groups)
    return base_lr * factor_at(fit, fit.position.step - 1)


def _count(fit: Fit, result: BatchResult) -> None:
    """Add a batch's loss, as cross-entropy without smoothing, and correct answers to the sums."""
    correct = (result.logits.argmax(1) == result.labels).sum()
    # One addition on the device; reading a number back would make a GPU wait at every step.
    fit.sums += torch.stack([result.cross_entropy, correct] * 2).to(fit.sums)


def ends_interval(index: int, interval_steps: int, per_epoch: int) -> bool:
    """Whether an interval ends with step `index`; steps left over belong to the epoch's last."""
    done = index + 1
    return done == per_epoch or (done % interval_steps == 0 and per_epoch - done >= interval_steps)


def end_interval(fit: Fit, epoch: int, index: int, interval_steps: int) -> Interval | Diverged:
    """The record of the steps since the last interval; sets its sums to 0."""
    position = fit.position
    # Steps left over at the end of an epoch belong to its last interval.
    number = min(index // interval_steps, fit.batches.per_epoch // interval_steps - 1)
    n = fit.batches.bounds(index)[1] - fit.batches.bounds(number * interval_steps)[0]
    loss, accuracy = (float(total) / n for total in fit.sums[:2])
    if not math.isfinite(loss):
        return Diverged(epoch + 1, position.step, loss)
    fit.sums[:2] = 0
    seconds, position.interval_seconds = position.interval_seconds, 0.0
    return Interval(
        epoch + 1,
        position.step,
        loss,
        accuracy,
        _last_rate(fit),
        position.total_seconds,
        n / max(seconds, 1e-9),
    )


def score_epoch(fit: Fit) -> Iterator[Event]:
    """Score the validation images, keep their logits, and update the best epoch."""
    position = fit.position
    scoring_seconds = yield from _compute_validation_logits(fit)
    assert fit.logits is not None
    # The last step's loss may still have been finite while its update was not.
    decisive = [fit.logits] if len(fit.logits) else fit.scored.state_dict().values()
    if not all(torch.isfinite(tensor).all() for tensor in decisive):
        yield Diverged(position.evaluated + 1, position.step, float("nan"))
        return
    selection, holdout = _score(fit, fit.selection), _score(fit, ~fit.selection)
    best = _update_best(fit, selection)
    loss, accuracy = (float(total) / len(fit.batches.images) for total in fit.sums[2:])
    fit.sums[:] = 0
    position.evaluated += 1
    position.total_seconds += scoring_seconds
    seconds, position.epoch_seconds = position.epoch_seconds, 0.0
    yield Epoch(
        position.evaluated,
        position.step,
        EpochScore(loss, accuracy),
        _score(fit, torch.ones_like(fit.selection)),
        selection,
        holdout,
        best,
        _last_rate(fit),
        seconds,
        scoring_seconds,
        position.total_seconds,
    )


def _compute_validation_logits(fit: Fit) -> Generator[Event, None, float]:
    """Compute the logits of the validation images into `fit.logits`; returns the seconds."""
    if not len(fit.validation):
        fit.logits = torch.empty(0, 0)
        return 0.0
    logits: list[Tensor] = []
    started = time.perf_counter()
    scoring_seconds = 0.0
    for batch in logits_in_batches(fit.scorer, fit.validation, fit.batches.pixels):
        logits.append(batch)
        scoring_seconds += time.perf_counter() - started
        yield Scoring(sum(map(len, logits)), len(fit.validation))
        started = time.perf_counter()
    fit.logits = torch.cat(logits)
    return scoring_seconds


def _score_start(fit: Fit) -> Iterator[Event]:
    """Score the weights a fit begins with."""
    scoring_seconds = yield from _compute_validation_logits(fit)
    all_images = torch.ones_like(fit.selection)
    yield StartScored(
        _score(fit, all_images),
        _score(fit, fit.selection),
        _score(fit, ~fit.selection),
        scoring_seconds,
    )


def _score(fit: Fit, mask: Tensor) -> EpochScore:
    assert fit.logits is not None
    if not mask.any():
        return EpochScore(math.nan, math.nan)
    logits, labels = fit.logits[mask].numpy(), fit.validation_labels[mask].numpy()
    return EpochScore(
        evaluation.cross_entropy(logits, labels), evaluation.accuracy(logits, labels).value
    )


def _update_best(fit: Fit, score: EpochScore) -> bool:
    """Whether this epoch's `score` on the choosing half is the best; may stop the fit early.

    Without validation images none is the best.
    """
    if not len(fit.selection):
        return False
    position, stopping = fit.position, fit.recipe.training.early_stopping
    by_loss = stopping is not None and stopping.score == "loss"
    value = -score.loss if by_loss else score.accuracy
    # Better by less than `least_change` is still the best, but does not renew the patience.
    least = stopping.least_change if stopping is not None else 0.0
    waits = value <= position.score_waited_on + least
    position.waited = position.waited + 1 if waits else 0
    if not waits:
        position.score_waited_on = value
    position.stopped_early = stopping is not None and position.waited >= stopping.patience
    best = value > position.best_score
    position.best_score = max(value, position.best_score)
    return best
