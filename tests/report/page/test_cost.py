import pytest

from toile.recipe import Plan, plan_network, recipe_of
from toile.report.page.cost import layer_rows, mac_strip, parameter_strip


@pytest.fixture
def plan() -> Plan:
    branch = [{"conv": {"filters": 2, "kernel": 1, "bias": False}}, "relu"]
    around = [{"conv": {"filters": 2, "kernel": 1}}]
    block = {"residual": {"layers": branch, "shortcut": around}}
    recipe = recipe_of({"network": [block, "flatten", {"dense": "classes"}]})
    return plan_network(recipe.network, (1, 2, 2), 3)


def test_layers_in_a_block_and_on_the_way_around_it_stand_one_deeper(plan: Plan) -> None:
    assert [(row.plan.name, row.depth, row.family) for row in layer_rows(plan)] == [
        ("residual1", 0, "block"),
        ("residual1.conv1", 1, "conv"),
        ("residual1.relu1", 1, "plain"),
        ("residual1.shortcut.conv1", 1, "conv"),
        ("flatten1", 0, "plain"),
        ("dense1", 0, "dense"),
    ]


def test_shares_are_of_the_whole_networks_multiply_adds(plan: Plan) -> None:
    # Two 1 x 1 convolutions at 4 places and 2 filters, 8 each; a dense layer of 8 by 3, 24.
    assert [row.fraction for row in layer_rows(plan)] == pytest.approx(
        [16 / 40, 8 / 40, 0, 8 / 40, 0, 24 / 40]
    )


def test_a_strip_takes_blocks_apart_and_leaves_out_what_costs_nothing(plan: Plan) -> None:
    macs = [(one.name, one.fraction) for one in mac_strip(plan)]

    assert macs == [
        ("residual1.conv1", 0.2),
        ("residual1.shortcut.conv1", 0.2),
        ("dense1", 0.6),
    ]
    # 2 weights, 2 weights and 2 biases, 24 weights and 3 biases.
    assert [one.fraction for one in parameter_strip(plan)] == [2 / 33, 4 / 33, 27 / 33]
