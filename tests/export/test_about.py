import pytest

from toile.export.about import carried, input_words
from toile.recipe import read_recipe, recipe_of, with_settings
from toile.recipe.yaml_loader import read_value

SCALED = "(pixels / 255 - mean) / sd, per channel; mean 0.25, 0.5, sd 0.5, 0.25"


@pytest.mark.parametrize(("scaling", "words"), [("unit", "pixels / 255"), ("standard", SCALED)])
def test_what_goes_in_is_said_in_words(make_trained, scaling, words):
    facts = make_trained(["flatten", {"dense": "classes"}], (2, 4, 5), scaling).about.data
    assert input_words(facts, (4, 5, 2)) == f"float32 (n, 4, 5, 2): {words}"


def test_no_path_of_this_machine_is_carried_away(make_trained):
    recipe = with_settings(
        read_recipe("s1-lab"),
        {"data.name": "/home/anna/leaves", "training.start.run": "/home/anna/runs/2026-first-abcd"},
    )
    facts = make_trained(["flatten", {"dense": "classes"}]).about.data
    text, kept = carried(recipe, facts.model_copy(update={"path": "/home/anna/leaves"}))
    assert "anna" not in text + kept.model_dump_json()
    back = recipe_of(read_value(text, "text"))
    assert (back.data.name, back.training.start.run) == ("leaves", "2026-first-abcd")
    assert back.network == recipe.network


def test_a_recipe_that_names_its_data_is_carried_as_it_is(make_trained):
    recipe = read_recipe("quick")
    text, _ = carried(recipe, make_trained(["flatten", {"dense": "classes"}]).about.data)
    assert recipe_of(read_value(text, "text")) == recipe
