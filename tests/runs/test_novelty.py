"""When a run gives no answer: what of its files that follows from, and what is damaged."""

import numpy as np
import pytest

import toile
from toile.prediction import Abstention
from toile.runs import CorruptFile, Run, abstention_of, load_arrays
from toile.runs.layout import NOVELTY
from toile.runs.novelty import read_novelty
from toile.runs.tensors import save_arrays


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One epoch of a small network on the sample."""
    small = {"network.conv1.filters": 2, "training.batch_size": 256, "training.threads": 1}
    out = tmp_path_factory.mktemp("novelty") / "run"
    return toile.train("s1-lab", data="fashion-sample", epochs=1, settings=small, out=out)


@pytest.fixture
def kept(run: Run):
    """What the run keeps; it is as it was after the test."""
    path = run.folder / NOVELTY
    content = path.read_bytes()
    yield load_arrays(path)
    path.write_bytes(content)


def test_a_run_keeps_how_far_each_validation_image_lies(run):
    kept = read_novelty(run.folder)
    n = len(run.validation.labels)
    assert kept is not None
    assert len(kept.distances) == len(kept.out_of_distribution) == n
    assert np.median(kept.distances) == pytest.approx(1, abs=0.15)
    assert kept.out_of_distribution.mean() < 0.05


def test_one_in_two_hundred_lies_beyond_the_bound_by_distance(run):
    found, kept = abstention_of(run), read_novelty(run.folder)
    selection = run.validation.selection == 1
    beyond = (kept.distances[selection] > found.distance).mean()
    assert beyond <= 0.005
    assert found.cost.n == int((~selection).sum())
    assert found.cost.refused < 0.05 * found.cost.n


def test_best_weights_have_only_the_bound_that_no_network_takes_part_in(run):
    best = abstention_of(run, "best")
    assert (best.confidence, best.energy, best.cost) == (None, None, None)
    assert best.distance == abstention_of(run).distance


def test_older_runs_have_no_bound_by_distance_and_unfinished_ones_none(run, kept):
    (run.folder / NOVELTY).unlink()
    older = abstention_of(run)
    assert older.novelty is None
    assert older.distance is None
    assert older.confidence is not None
    (run.folder / "validation.safetensors").rename(run.folder / "away")
    try:
        assert vars(abstention_of(run)) == vars(Abstention())
    finally:
        (run.folder / "away").rename(run.folder / "validation.safetensors")


def _without(name: str):
    return lambda arrays, facts: ({k: v for k, v in arrays.items() if k != name}, facts)


def _with(**changed):
    return lambda arrays, facts: (arrays, facts | changed)


def _cut(name: str):
    return lambda arrays, facts: (arrays | {name: arrays[name][:-1]}, facts)


@pytest.mark.parametrize(
    "damage",
    [
        _without("mean"),
        _cut("mean"),
        _cut("distances"),
        _cut("variances"),
        lambda arrays, facts: (arrays | {"mean": arrays["mean"].astype(np.float64)}, facts),
        lambda arrays, facts: (
            arrays
            | {name: arrays[name][:-1].copy() for name in ("distances", "out_of_distribution")},
            facts,
        ),
        _with(rest=0.0),
        _with(rest="much"),
        _with(factor=0),
        _with(factor=2),
    ],
)
def test_what_does_not_fit_together_is_damaged_also_under_a_right_checksum(run, kept, damage):
    arrays, facts = damage(kept.arrays, kept.facts)
    save_arrays(run.folder / NOVELTY, arrays, facts)
    with pytest.raises(CorruptFile, match=r"novelty.safetensors is damaged"):
        abstention_of(run)
