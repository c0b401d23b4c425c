import pytest

from toile.recipe import mends, plan_as_far

SHAPE = (1, 28, 28)
DENSE = {"dense": "classes"}


def words(layers) -> list[str]:
    return [mend.words for mend in mends(layers, SHAPE, 10)]


@pytest.mark.parametrize(
    ("layers", "first"),
    [
        ([{"conv": {"filters": 8, "kernel": 40}}, "flatten", DENSE], "kernel 28, as large as"),
        ([{"conv": {"filters": 8}}, DENSE], "put flatten before it, which gives 5408 numbers"),
        (["flatten", {"conv": {"filters": 8}}, DENSE], "move it before flatten"),
        (["flatten", {"dense": 16}], "as many units as there are classes"),
        ([], "begin with a small network"),
        ([{"conv": {"filters": 8, "groups": 3}}, "flatten", DENSE], "groups 1, which divides"),
        (
            [{"residual": {"layers": [{"conv": {"filters": 4, "stride": 2}}]}}, "flatten", DENSE],
            "a shortcut that gives 4 x 13 x 13 too",
        ),
    ],
)
def test_what_is_offered_first_lets_the_network_work(layers, first):
    (mend, *_) = mends(layers, SHAPE, 10)
    assert mend.words.startswith(first)
    assert plan_as_far(mend.layers, SHAPE, 10).problem == ""


def test_of_two_layers_that_fail_the_first_is_mended_and_not_by_a_change_that_moves_the_fault():
    broken = [{"conv": {"filters": 8, "kernel": 40}}, DENSE]
    offered = mends(broken, SHAPE, 10)
    assert offered
    assert all(plan_as_far(mend.layers, SHAPE, 10).index == 1 for mend in offered)
    assert "delete it" not in words(broken)


def test_a_network_that_works_is_not_mended():
    assert mends(["flatten", DENSE], SHAPE, 10) == ()
