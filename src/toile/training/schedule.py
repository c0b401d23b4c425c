"""The learning rate's factor at each step, as a pure function."""

import math

from toile.recipe import Schedule, schedules


def rate_factor(schedule: Schedule, step: int, steps: int, steps_per_epoch: int) -> float:
    """The factor on the learning rate at `step` (from 0) of `steps`, in [0, 1].

    Warming up ends at exactly 1; the last step comes just short of the final factor, so that no
    step has a rate of 0.
    """
    if isinstance(schedule, schedules.OneCycle):
        return _one_cycle(schedule, step, steps)
    warm = schedule.warmup * steps  # type: ignore[attr-defined]
    if step < warm:
        return min(1.0, (step + 1) / warm)
    gone = (step - warm) / max(1.0, steps - warm)
    if isinstance(schedule, schedules.Step):
        return float(schedule.factor ** (step // steps_per_epoch // schedule.every))
    if isinstance(schedule, schedules.Cosine):
        return schedule.final + (1 - schedule.final) * _fall(gone)
    if isinstance(schedule, schedules.Linear):
        return schedule.final + (1 - schedule.final) * (1 - gone)
    return 1.0


def _one_cycle(schedule: schedules.OneCycle, step: int, steps: int) -> float:
    warm = schedule.warmup * steps
    if step < warm:
        return 1 - (1 - schedule.start) * _fall(step / warm)
    gone = (step - warm) / max(1.0, steps - warm)
    return schedule.final + (1 - schedule.final) * _fall(gone)


def _fall(share: float) -> float:
    """Half a cosine, from 1 at 0 to 0 at 1."""
    return (1 + math.cos(math.pi * share)) / 2
