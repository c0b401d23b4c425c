"""Recipes side by side."""

from toile.recipe import differing_parts, differing_settings, read_recipe, with_settings

QUICK, LAB = read_recipe("quick"), read_recipe("s1-lab")


def test_what_one_recipe_has_alone_is_one_entry_with_what_is_not_its_default():
    found, alike = differing_parts([QUICK, LAB])
    assert found["network.conv4"] == ("conv, filters 64, padding same, bias False", "-")
    assert found["network.dense1.units"] == ("classes", 16)
    assert found["training.optimizer"][1] == "sgd, momentum 0.9"
    assert found["training.schedule"] == ("linear, warmup 0.2", "constant")
    assert not any("momentum" in address for address in found)
    assert len(found) < len(differing_settings([QUICK, LAB])) / 3
    assert alike > 0


def test_what_is_alike_is_counted():
    other = with_settings(QUICK, {"training.epochs": 9})
    found, alike = differing_parts([QUICK, other])
    assert found == {"training.epochs": (4, 9)}
    assert differing_parts([QUICK, QUICK]) == ({}, alike + 1)
