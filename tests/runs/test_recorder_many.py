"""Runs whose fits are trained as one are written by the same recorder, each in its own folder."""

import numpy as np

from toile.runs import Run, load_arrays
from toile.training import split_events, train_many


def record_all(recorders, stop_after=None):
    """Record fits trained as one, by turns; each stops after so many events."""
    fits = [recorder.fit for recorder in recorders]
    num_events = 0

    def stop():
        return stop_after is not None and num_events >= stop_after

    streams = [
        recorder.record(stop, events)
        for recorder, events in zip(
            recorders, split_events(train_many(fits), len(fits)), strict=True
        )
    ]
    while streams:
        num_events += 1
        streams = [stream for stream in streams if next(stream, None) is not None]


def assert_same_runs(folders, alone):
    for folder, reference in zip(folders, alone, strict=True):
        run = Run(folder)
        assert run.score == reference.score
        ours, expected = (load_arrays(one.folder / "last.safetensors") for one in (run, reference))
        for name, array in expected.arrays.items():
            assert np.allclose(ours.arrays[name], array, rtol=1e-3, atol=1e-5), name
        assert [one["step"] for one in run.history.steps] == [
            one["step"] for one in reference.history.steps
        ]
        assert [one["validation"]["accuracy"] for one in run.history.epochs] == [
            one["validation"]["accuracy"] for one in reference.history.epochs
        ]


def trained_alone(make_recorder, folder, seed):
    recorder = make_recorder(folder, seed=seed)
    for _ in recorder.record():
        pass
    return recorder.run


def test_each_has_the_folder_it_has_alone(make_recorder, tmp_path):
    alone = [trained_alone(make_recorder, tmp_path / f"alone{seed}", seed) for seed in range(3)]
    folders = [tmp_path / str(seed) for seed in range(3)]
    record_all([make_recorder(folder, seed=seed) for seed, folder in enumerate(folders)])
    assert_same_runs(folders, alone)
    for folder, reference in zip(folders, alone, strict=True):
        names = {path.name for path in reference.folder.iterdir()}
        assert {path.name for path in folder.iterdir()} == names


def test_stopped_together_one_goes_on_alone_from_its_checkpoint(make_recorder, tmp_path):
    alone = trained_alone(make_recorder, tmp_path / "alone", 1)
    folders = [tmp_path / str(seed) for seed in range(2)]
    record_all([make_recorder(folder, seed=seed) for seed, folder in enumerate(folders)], 9)
    assert Run(folders[1]).history.steps
    for _ in make_recorder(folders[1], restored=True, seed=1).record():
        pass
    assert_same_runs(folders[1:], [alone])
