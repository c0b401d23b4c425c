"""The images as points: with the answers of the weights that were asked for."""

import numpy as np

import toile
from toile.recipe import with_settings
from toile.workbench import inspected, view_embedding
from toile.workbench.inside.opened import InspectedRun


def test_mistakes_are_those_of_the_weights_that_lay_the_images_out(small, tmp_path):
    run, another = (
        toile.train(with_settings(small(), {"seed": seed}), out=tmp_path / str(seed))
        for seed in (0, 1)
    )
    last = view_embedding(inspected(run))
    assert np.array_equal(last.values["predicted"], run.predictions)
    # Other weights in the place of the run's best ones, which may be its last.
    best = view_embedding(InspectedRun(run, another.classifier(), weights="best"))
    pixels = inspected(run).dataset.train.pixels[run.validation.indices]
    expected = another.classifier().predict(pixels)
    assert not np.array_equal(expected, run.predictions)
    assert np.array_equal(best.values["predicted"], expected)
    assert best.record["mistakes"] == (expected != run.validation.labels).sum()
