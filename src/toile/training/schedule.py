"""The learning rate's factor at each step, as a pure function."""

import math

from toile.recipe import Schedule, schedules


def rate_factor(schedule: Schedule, step: int, steps: int, steps_per_epoch: int) -> float:
    """The factor on the learning rate at `step` (from 0) of `steps`, in [0, 1].

    Warming up ends at exactly 1. The last step stops just short of the final factor, so that no
    step has a rate of 0.
    """
    if isinstance(schedule, schedules.OneCycle):
        return _one_cycle(schedule, step, steps)
    warm = schedule.warmup * steps  # type: ignore[attr-defined]
    if step < warm:
        return min(1.0, (step + 1) / warm)
    progress = (step - warm) / max(1.0, steps - warm)
    if isinstance(schedule, schedules.Step):
        return float(schedule.factor ** (step // steps_per_epoch // schedule.every))
    if isinstance(schedule, schedules.Cosine):
        return schedule.final + (1 - schedule.final) * _half_cosine(progress)
    if isinstance(schedule, schedules.Linear):
        return schedule.final + (1 - schedule.final) * (1 - progress)
    return 1.0


def _one_cycle(schedule: schedules.OneCycle, step: int, steps: int) -> float:
    warm = schedule.warmup * steps
    if step < warm:
        return 1 - (1 - schedule.start) * _half_cosine(step / warm)
    progress = (step - warm) / max(1.0, steps - warm)
    return schedule.final + (1 - schedule.final) * _half_cosine(progress)


def _half_cosine(progress: float) -> float:
    """Half a cosine: 1 at a `progress` of 0, 0 at 1."""
    return (1 + math.cos(math.pi * progress)) / 2
