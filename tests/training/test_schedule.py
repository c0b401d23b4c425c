import pytest

from toile.recipe.schedules import Constant, Cosine, Linear, OneCycle, Step
from toile.training.schedule import rate_factor


def factors(schedule, steps=10, per_epoch=2):
    return [rate_factor(schedule, step, steps, per_epoch) for step in range(steps)]


def test_a_constant_schedule_leaves_the_rate_alone():
    assert factors(Constant()) == [1.0] * 10


def test_warming_up_over_two_of_ten_steps_takes_a_half_then_the_whole():
    assert factors(Constant(warmup=0.2))[:3] == [0.5, 1.0, 1.0]


def test_a_line_from_1_to_0_falls_by_a_tenth_a_step():
    assert factors(Linear()) == pytest.approx([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def test_a_line_ends_short_of_its_final_factor():
    assert factors(Linear(final=0.5))[-1] == pytest.approx(0.55)


def test_half_a_cosine_is_one_half_in_the_middle_and_steep_there():
    values = factors(Cosine())
    assert values[0] == 1
    assert values[5] == pytest.approx(0.5)
    assert values[4] - values[5] > values[0] - values[1]


def test_steps_every_two_epochs_multiply_by_a_tenth():
    assert factors(Step(every=2, factor=0.1)) == pytest.approx([1] * 4 + [0.1] * 4 + [0.01] * 2)


def test_one_cycle_rises_from_its_start_to_1_then_falls():
    values = factors(OneCycle(warmup=0.5, start=0.1, final=0.0))
    assert values[0] == pytest.approx(0.1)
    assert values[5] == 1
    assert values[:6] == sorted(values[:6])
    assert values[5:] == sorted(values[5:], reverse=True)


@pytest.mark.parametrize(
    "schedule", [Constant(), Step(), Cosine(warmup=1), Linear(warmup=1), OneCycle()]
)
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_no_step_has_a_rate_of_0_or_above_1(schedule, steps):
    assert all(0 < factor <= 1 for factor in factors(schedule, steps))
