"""How many steps a training takes, and when those are said to be few."""

import pytest

from toile.recipe import few_steps_note, read_recipe, steps_per_epoch, with_settings


@pytest.mark.parametrize(
    ("num_images", "steps"),
    [(1, 1), (255, 1), (256, 1), (257, 1), (258, 2), (512, 2), (55_000, 215)],
)
def test_a_last_batch_of_one_image_joins_the_one_before(num_images, steps):
    assert steps_per_epoch(num_images, 256) == steps


def test_few_steps_are_said_with_as_many_epochs_as_make_enough():
    training = read_recipe("quick").training
    note = few_steps_note(training, 251)
    assert note is not None
    assert note.startswith("4 steps in all, each of up to 256 of 251 images, are few to learn from")
    assert note.endswith("; try --set training.batch_size=32 --set training.epochs=25")
    longer = with_settings(
        read_recipe("quick"), {"training.batch_size": 32, "training.epochs": 25}
    ).training
    assert few_steps_note(longer, 251) is None
    # In such batches already, it is the epochs alone.
    shorter = longer.model_copy(update={"epochs": 24})
    note = few_steps_note(shorter, 251)
    assert note is not None
    assert note.endswith("; try --set training.epochs=25")


def test_a_run_that_goes_on_keeps_its_batches_and_takes_more_epochs():
    training = read_recipe("quick").training
    note = few_steps_note(training, 251, run="mine")
    assert note is not None
    assert note.endswith("epochs=25; toile resume mine --epochs 200 takes this run as far")


def test_never_fewer_epochs_are_proposed_than_were_asked_for():
    training = read_recipe("quick").training
    note = few_steps_note(training, 4000)
    assert note is not None
    assert note.endswith("are few to learn from; try --set training.batch_size=32")


@pytest.mark.parametrize("preset", ["quick", "s1-lab", "s0-dense", "s4-three-layer"])
def test_presets_have_enough_steps_of_what_they_were_made_for(preset):
    assert few_steps_note(read_recipe(preset).training, 55_000) is None


def test_weights_that_were_learnt_elsewhere_need_fewer():
    start = {"training.start.run": "another"}
    assert few_steps_note(with_settings(read_recipe("quick"), start).training, 251) is None
