import pytest

import toile
from toile.runs import load_arrays

LARGE = ("s3-wide", "best")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in LARGE else ())
        for name in toile.list_presets()
    ],
)
def test_every_preset_trains_an_epoch_on_a_few_pictures(name, few_garments):
    settings = {
        "training.epochs": 1,
        "training.threads": 1,
        "training.batch_size": 16,
        "data.validation": 100,
    }
    run = toile.train(name, data=few_garments, settings=settings)
    results = run.results
    assert results.state == "finished"
    weights = load_arrays(run.folder / "last.safetensors").arrays
    counted = [one.size for name, one in weights.items() if "num_batches" not in name]
    assert results.parameters == sum(counted)
    losses = [record["loss"] for record in run.history.steps]
    assert sum(losses[-5:]) < sum(losses[:5])
