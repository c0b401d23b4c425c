"""Several fits trained as one: the same recipe but for the seed, K networks in each operation.

A small network leaves most of a GPU idle, since each of its operations is over before the next has
been asked for. Stacked, K networks take about as many operations as one. Each fit has its own first
weights, order, augmentation and dropout masks, and gets the weights it gets alone, to rounding:
after 20 steps of s1-lab in float32 tensors differ by less than 1e-6 of their length. A number that
rounding moves over the corner of a ReLU may carry that to 1e-4.

On a CPU it is slower than one fit after another, for which layers are computed as products made for
one network (`network/sequence.py`): measure with `benchmarks/many.py` before choosing it.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from toile.errors import ToileError
from toile.recipe import recipe_differences
from toile.training.events import Diverged, Event, Finished, Stepped
from toile.training.fit import Fit
from toile.training.loop import (
    INTERVALS_PER_EPOCH,
    end_interval,
    ends_interval,
    has_ended,
    reset_patience_if_extended,
    score_epoch,
)
from toile.training.stacked.many_step import StackedFits

Moment = dict[int, Event]
"""Events of the same time, by the index of the fit."""


def train_many(fits: Sequence[Fit]) -> Iterator[Moment]:
    """Train all of `fits` in place, each as `train` would, yielding their events.

    All were begun on the same split and have done as many steps. At a moment each fit stands as its
    event says, and the listener may leave. A fit that has diverged or finished stays as it is, and
    the others go on. Seconds are divided among those that train. Raises ToileError for fits that
    cannot be trained as one.
    """
    _refuse_unlike(fits)
    active = dict(enumerate(fits))
    while active:
        for fit_index, fit in list(active.items()):
            for event in _score_if_due(fit):
                if isinstance(event, Diverged):
                    del active[fit_index]
                yield {fit_index: event}
            if fit_index in active and has_ended(fit):
                del active[fit_index]
                yield {fit_index: Finished(fit.position.evaluated, fit.position.stopped_early)}
        if active:
            yield from _train_epoch(active)


def split_events(moments: Iterator[Moment], count: int) -> list[Iterator[Event]]:
    """The events of each of `count` fits, as `train` gives them.

    Advance them by turns, one event of each: asking one for more trains the others as well.
    """
    waiting: list[deque[Event]] = [deque() for _ in range(count)]

    def events_of(fit_index: int) -> Iterator[Event]:
        while True:
            while not waiting[fit_index]:
                moment = next(moments, None)
                if moment is None:
                    return
                for index, event in moment.items():
                    waiting[index].append(event)
            yield waiting[fit_index].popleft()

    return [events_of(fit_index) for fit_index in range(count)]


def _refuse_unlike(fits: Sequence[Fit]) -> None:
    first = fits[0]
    for fit_index, fit in enumerate(fits):
        training = fit.recipe.training
        if training.shards != 1:
            raise ToileError(
                f"training.shards is {training.shards}; fits that are trained as one compute "
                "each batch whole: set training.shards=1"
            )
        if training.engine == "plain":
            raise ToileError(
                "training.engine is plain, which computes each fit alone; fits that are trained "
                "as one take fast or auto"
            )
        if training.start is not None:
            raise ToileError(
                f"training.start.run is {training.start.run}; fits that are trained as one begin "
                "with first weights of their own"
            )
        for difference in recipe_differences(first.recipe, fit.recipe):
            if difference.address != "seed":
                raise ToileError(
                    f"{difference.address} is {difference.first} in the first fit and "
                    f"{difference.second} in number {fit_index + 1}; fits that are trained as one "
                    "differ in their seed alone"
                )
        if fit.position.step != first.position.step:
            raise ToileError(
                f"fit 1 has done {first.position.step} steps and number {fit_index + 1} "
                f"{fit.position.step}; fits that are trained as one go on from the same step"
            )


def _score_if_due(fit: Fit) -> Iterator[Event]:
    """Score the epoch whose steps are done, if it is not scored yet: one network after another."""
    if fit.position.step == (fit.position.evaluated + 1) * fit.batches.per_epoch:
        yield from score_epoch(fit)


def _train_epoch(active: dict[int, Fit]) -> Iterator[Moment]:
    """The steps that are left of an epoch. Fits that diverge are removed from `active`."""
    first = next(iter(active.values()))
    per_epoch = first.batches.per_epoch
    epoch, done = divmod(first.position.step, per_epoch)
    interval_steps = max(1, per_epoch // INTERVALS_PER_EPOCH)
    with StackedFits(active, epoch) as stacked:
        for index in range(done, per_epoch):
            started = time.perf_counter()
            for fit in active.values():
                reset_patience_if_extended(fit)
            moment: Moment = {
                fit_index: Diverged(epoch + 1, epoch * per_epoch + index + 1, loss)
                for fit_index, loss in stacked.compute_gradients(index).items()
            }
            _drop_diverged(moment, active, stacked)
            if active:
                stacked.step()
                _advance(active, time.perf_counter() - started)
            if ends_interval(index, interval_steps, per_epoch):
                records = {
                    fit_index: end_interval(fit, epoch, index, interval_steps)
                    for fit_index, fit in active.items()
                }
                _drop_diverged(records, active, stacked)
                moment |= records
            if moment:
                yield moment
            if not active:
                return
            yield {
                fit_index: Stepped(fit.position.step, fit.steps, epoch + 1)
                for fit_index, fit in active.items()
            }


def _drop_diverged(
    moment: Mapping[int, Event], active: dict[int, Fit], stacked: StackedFits
) -> None:
    """Remove the fits that have diverged from `active`."""
    for fit_index, event in moment.items():
        if isinstance(event, Diverged):
            stacked.release(fit_index)
            del active[fit_index]


def _advance(active: dict[int, Fit], seconds: float) -> None:
    """Add a step to each fit, and its part of the seconds."""
    seconds_each = seconds / len(active)
    for fit in active.values():
        position = fit.position
        position.step += 1
        position.interval_seconds += seconds_each
        position.epoch_seconds += seconds_each
        position.total_seconds += seconds_each
