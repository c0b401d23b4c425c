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
    score_epoch,
    wait_anew_where_asked,
)
from toile.training.stacked.many_step import Together

Moment = dict[int, Event]
"""What happens at one time, by the place of the fit it happens to."""


def train_many(fits: Sequence[Fit]) -> Iterator[Moment]:
    """Fit all of `fits` in place, as `train` fits each, yielding what happens to them.

    All were begun on the same split and have done as many steps. At a moment each fit stands as its
    event says, and the listener may leave. One that has diverged or finished stays as it is, and
    the others go on. Seconds are shared among those that train. Raises ToileError for fits that
    cannot be trained as one.
    """
    _refuse_unlike(fits)
    going = dict(enumerate(fits))
    while going:
        for place, fit in list(going.items()):
            for event in _score_what_is_owed(fit):
                if isinstance(event, Diverged):
                    del going[place]
                yield {place: event}
            if place in going and has_ended(fit):
                del going[place]
                yield {place: Finished(fit.position.evaluated, fit.position.stopped_early)}
        if going:
            yield from _train_epoch(going)


def apart(moments: Iterator[Moment], count: int) -> list[Iterator[Event]]:
    """The events of each of `count` fits, as `train` gives them.

    To be advanced by turns, one event of each: whoever runs ahead has the others trained too.
    """
    waiting: list[deque[Event]] = [deque() for _ in range(count)]

    def own(place: int) -> Iterator[Event]:
        while True:
            while not waiting[place]:
                moment = next(moments, None)
                if moment is None:
                    return
                for other, event in moment.items():
                    waiting[other].append(event)
            yield waiting[place].popleft()

    return [own(place) for place in range(count)]


def _refuse_unlike(fits: Sequence[Fit]) -> None:
    first = fits[0]
    for place, fit in enumerate(fits):
        training = fit.recipe.training
        if training.replicas != 1:
            raise ToileError(
                f"training.replicas is {training.replicas}; fits that are trained as one compute "
                "each batch whole: set training.replicas=1"
            )
        if training.start is not None:
            raise ToileError(
                f"training.start.run is {training.start.run}; fits that are trained as one begin "
                "with first weights of their own"
            )
        for one in recipe_differences(first.recipe, fit.recipe):
            if one.address != "seed":
                raise ToileError(
                    f"{one.address} is {one.first} in the first fit and {one.second} in number "
                    f"{place + 1}; fits that are trained as one differ in their seed alone"
                )
        if fit.position.step != first.position.step:
            raise ToileError(
                f"fit 1 has done {first.position.step} steps and number {place + 1} "
                f"{fit.position.step}; fits that are trained as one go on from the same step"
            )


def _score_what_is_owed(fit: Fit) -> Iterator[Event]:
    """Score the epoch whose steps are done, if it is not scored yet: one network after another."""
    if fit.position.step == (fit.position.evaluated + 1) * fit.batches.per_epoch:
        yield from score_epoch(fit)


def _train_epoch(going: dict[int, Fit]) -> Iterator[Moment]:
    """The steps that are left of an epoch. Those that diverge are taken out of `going`."""
    first = next(iter(going.values()))
    per_epoch = first.batches.per_epoch
    epoch, done = divmod(first.position.step, per_epoch)
    every = max(1, per_epoch // INTERVALS_PER_EPOCH)
    with Together(going, epoch) as together:
        for index in range(done, per_epoch):
            started = time.perf_counter()
            for fit in going.values():
                wait_anew_where_asked(fit)
            moment: Moment = {
                place: Diverged(epoch + 1, epoch * per_epoch + index + 1, loss)
                for place, loss in together.take(index).items()
            }
            _leave(moment, going, together)
            if going:
                together.step()
                _advance(going, time.perf_counter() - started)
            if ends_interval(index, every, per_epoch):
                records = {
                    place: end_interval(fit, epoch, index, every) for place, fit in going.items()
                }
                _leave(records, going, together)
                moment |= records
            if moment:
                yield moment
            if not going:
                return
            yield {
                place: Stepped(fit.position.step, fit.steps, epoch + 1)
                for place, fit in going.items()
            }


def _leave(moment: Mapping[int, Event], going: dict[int, Fit], together: Together) -> None:
    """Take those that have diverged out of what goes on."""
    for place, event in moment.items():
        if isinstance(event, Diverged):
            together.let_go(place)
            del going[place]


def _advance(going: dict[int, Fit], seconds: float) -> None:
    """One step more for each, and its share of the seconds."""
    share = seconds / len(going)
    for fit in going.values():
        position = fit.position
        position.step += 1
        position.interval_seconds += share
        position.epoch_seconds += share
        position.total_seconds += share
