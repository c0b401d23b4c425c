import pytest

import toile
from toile.errors import ToileError
from toile.recipe import recipe_of

TINY = {
    "name": "tiny",
    "data": {"name": "fashion-sample", "size_px": 14},
    "network": ["flatten", {"dense": "classes"}],
    "training": {"batch_size": 64},
}


TINY_FIXED = recipe_of(
    TINY
    | {
        "training": {
            "batch_size": 64,
            "device": "cpu",
            "threads": 1,
            "shards": 1,
            "precision": "float32",
        }
    }
)


@pytest.fixture(scope="module")
def found() -> toile.Bench:
    return toile.bench(recipe_of(TINY), rounds=1)


@pytest.fixture(scope="module")
def fixed() -> tuple[toile.Bench, list[tuple[int, int]]]:
    """Two rounds of a recipe that leaves nothing to auto, and the progress heard."""
    heard: list[tuple[int, int]] = []
    bench = toile.bench(
        TINY_FIXED, rounds=2, progress=lambda done, total: heard.append((done, total))
    )
    return bench, heard


def test_the_first_way_is_the_one_a_run_is_trained_in(found, tmp_path):
    taken = toile.begin(recipe_of(TINY), out=tmp_path / "run").fit.recipe.training
    for name in ("device", "precision", "threads", "shards"):
        assert getattr(found.chosen, name) == getattr(taken, name)


def test_every_way_is_another_and_the_fastest_takes_the_least(found):
    ways = [(way.device, way.precision, way.threads, way.shards) for way in found.ways]
    assert len(set(ways)) == len(ways) > 1
    assert found.fastest.seconds_per_epoch == min(way.seconds_per_epoch for way in found.ways)


def test_each_setting_left_to_auto_has_its_reason(found, fixed):
    named = [reason.split()[0] for reason in found.reasons]
    assert named == ["device", "threads", "shards", "precision"]
    assert fixed[0].reasons == ()


def test_progress_counts_every_probe(found, fixed):
    heard = fixed[1]
    total = 2 * len(found.ways)
    assert heard == [(done, total) for done in range(1, total + 1)]


def test_no_rounds_are_refused():
    with pytest.raises(ToileError, match="rounds is 0"):
        toile.bench(TINY_FIXED, rounds=0)
