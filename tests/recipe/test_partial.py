"""The plan of a network that is being made."""

import pytest

from toile.recipe import list_presets, plan_as_far, plan_network

SHAPE, CLASSES = (1, 8, 8), 3


def planned(*entries):
    return plan_as_far(entries, SHAPE, CLASSES)


def test_what_works_is_planned_as_a_whole_network_is():
    for recipe in list_presets().values():
        entries = recipe.model_dump(mode="json")["network"]
        whole = plan_network(recipe.network, (1, 28, 28), 10)
        found = plan_as_far(entries, (1, 28, 28), 10)
        assert [one.output for one in found.layers] == [one.output for one in whole.layers]
        assert (found.problem, found.index) == ("", None)


@pytest.mark.parametrize("place", range(5))
def test_the_first_layer_that_cannot_work_is_named_by_its_place(place):
    entries = ["relu", {"conv": 2}, "relu", "maxpool", "relu"]
    entries[place:place] = [{"maxpool": 9}]
    found = planned(*entries, "flatten", {"dense": "classes"})
    assert found.index == place
    assert len(found.layers) == place
    assert "kernel 9 does not fit" in found.problem


def test_a_setting_out_of_range_and_an_unknown_kind_have_a_place_too():
    found = planned("relu", {"conv": {"filters": 0}}, "flatten")
    assert (found.index, len(found.layers)) == (1, 1)
    assert found.problem.startswith("network.conv1.filters is 0; it goes from 1")
    assert planned("relu", "convolution").index == 1


def test_layers_that_are_no_network_together_say_so_without_a_place():
    found = planned({"conv": 2})
    assert (len(found.layers), found.index) == (1, None)
    assert "it must end with one number for each of the 3 classes" in found.problem
    assert planned().problem.startswith("network is empty")
