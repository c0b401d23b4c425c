import numpy as np
import pytest

from toile.inspection import run_census
from toile.runs import CorruptFile, census_images, epoch_censuses


def test_every_epoch_keeps_its_census_and_no_weight_is_another_for_it(make_recorder, tmp_path):
    asked = make_recorder(tmp_path / "asked", training__census=True)
    plain = make_recorder(tmp_path / "plain")
    for recorder in (asked, plain):
        for _ in recorder.record():
            pass
    kept = epoch_censuses(asked.run)
    assert [epoch for epoch, _ in kept] == [1, 2, 3]
    assert not epoch_censuses(plain.run)
    weights = [recorder.fit.scored_arrays() for recorder in (asked, plain)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    # The last epoch's is that of the weights in the folder, on the same images.
    images = asked.fit.batches.pixels.scaled(asked.fit.batches.images)
    (now,) = run_census(asked.fit.scored, [images]).layers
    (last,) = kept[-1][1].layers
    assert last.fired.tolist() == now.fired.tolist()
    assert (last.name, last.kind, last.images) == ("relu1", "relu", 48)


def test_a_resumed_run_keeps_the_census_of_the_epochs_it_trains_again(make_recorder, tmp_path):
    whole = make_recorder(tmp_path / "whole", training__census=True)
    for _ in whole.record():
        pass
    halved = make_recorder(tmp_path / "halved", training__census=True)
    for event in halved.record():
        if getattr(event, "step", 0) == 8:
            break
    again = make_recorder(tmp_path / "halved", restored=True, training__census=True)
    for _ in again.record():
        pass
    names = [f"epoch-{epoch}.safetensors" for epoch in (1, 2, 3)]
    for name in names:
        contents = [(one.run.folder / "census" / name).read_bytes() for one in (whole, again)]
        assert contents[0] == contents[1]


def test_the_images_counted_are_of_every_class_in_its_share():
    labels = np.repeat([0, 1, 2], [600, 300, 100])[np.random.default_rng(0).permutation(1000)]
    indices = census_images(labels, 50)
    assert len(np.unique(indices)) == 50
    assert np.bincount(labels[indices]).tolist() == [30, 15, 5]
    assert np.array_equal(indices, census_images(labels, 50))
    assert len(census_images(labels, 2000)) == 1000


def test_a_damaged_census_is_said_by_its_file(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run", training__census=True)
    for _ in recorder.record():
        pass
    file = recorder.run.folder / "census" / "epoch-2.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CorruptFile, match="epoch-2"):
        epoch_censuses(recorder.run)
