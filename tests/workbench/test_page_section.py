"""What a run's page shows of its network from inside."""

import base64
import io
import shutil

import numpy as np
import pytest
from PIL import Image

import toile
from toile.evaluation import confident_errors, probabilities
from toile.inspection import activations
from toile.recipe import with_settings
from toile.report import mosaic, run_page
from toile.runs import (
    Run,
    bundle_run,
    epoch_censuses,
    epoch_network,
    load_run_data,
    open_run,
    saved_epochs,
    validation_pixels,
)
from toile.workbench import inspected, view_attribution
from toile.workbench.inside.page_section import inside_section


@pytest.fixture(scope="module")
def run(tmp_path_factory, small):
    """Two epochs of light and dark pictures, counted after each."""
    recipe = with_settings(small(epochs=2), {"training.census": True})
    return toile.train(recipe, out=tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def section(run):
    return inside_section(run, validation_pixels(run, load_run_data(run)))


def pixels_of(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_the_census_is_that_of_the_last_epoch_beside_the_first(run, section):
    (_, first), (_, last) = epoch_censuses(run)
    (row,), (layer,) = section.census, last.layers
    assert (row.name, row.units, row.channels) == ("relu1", layer.units, layer.channels)
    assert row.never == layer.never / layer.units
    assert row.never_first == first.layers[0].never / layer.units
    assert row.always == layer.always / layer.units
    assert (section.counted, section.epochs) == (last.images, 2)


def test_kernels_and_activations_are_those_of_the_network(run, section):
    kernels, seen = section.mosaics
    network = run.classifier().module
    weights = network.conv1.weight.detach().numpy()[:, 0]
    assert f"2 of 3 by 3: blue up to {np.abs(weights).max():.3g}" in kernels.says
    # The same picture as `toile inspect activations` shows where none is named.
    opened = inspected(run)
    picture = opened.picture()
    (maps,) = activations(network, opened.inputs(picture.pixels[None]), "relu1").maps
    assert seen.says.startswith(f"relu1 on {picture.name}, ")
    # Where all is 0 the scale is one of its own.
    assert f"{len(maps)} channels: blue up to {maps.max() or 1:.3g}" in seen.says


def test_heats_are_of_one_picture_and_the_surest_mistakes(run, section):
    drawn = inspected(run).picture().index
    validation = run.validation
    errors = confident_errors(probabilities(validation.logits), validation.labels)[:3]
    indices = [drawn, *(int(at) for at in validation.indices[errors] if at != drawn)]
    assert [int(heat.says.partition(":")[0]) for heat in section.heats] == indices
    assert section.heat_layer == "conv1"
    assert pixels_of(section.heats[0].uri).shape == (112, 112, 3)


def test_without_pictures_only_what_the_run_holds_is_shown_and_nothing_of_nothing(run, tmp_path):
    alone = inside_section(run, None)
    assert (len(alone.mosaics), alone.heats) == (1, ())
    bare = shutil.copytree(run.folder, tmp_path / "bare")
    shutil.rmtree(bare / "census")
    (bare / "last.safetensors").unlink()
    empty = inside_section(Run(bare), None)
    assert empty.is_empty
    assert "Inside the network" not in run_page(Run(bare), run.plan, None, empty)
    page = run_page(run, run.plan, None, alone)
    assert "Inside the network" in page
    assert "Grad-CAM" not in page


def test_a_mosaic_is_clear_at_0_blue_above_and_orange_below():
    maps = np.zeros((3, 2, 2))
    maps[1], maps[2] = 2, -2
    shown = mosaic(maps, "Three")
    sheet = pixels_of(shown.uri)
    assert sheet.shape == (44, 3 * 44 + 2 * 4, 4) == (44, shown.width_px, 4)
    clear, above, below = sheet[10, 10], sheet[10, 58], sheet[10, 106]
    assert clear[3] <= 1
    assert above[3] == below[3] == 255
    assert above[2] > above[0]
    assert below[0] > below[2]
    assert shown.says == "Three: blue up to 2, orange down to -2"


def test_names_of_classes_are_those_of_the_data_in_the_order_of_the_logits(small):
    """A list of labels in another order than the network's numbers names everything wrongly."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 60, (60, 8, 8), dtype=np.uint8)
    pixels[::2] += 160
    names = ["zebra", "ant"] * 30  # Light ones are zebras, whose name sorts last.
    data = toile.Dataset.from_arrays(pixels, names, class_names=["zebra", "ant"])
    quickly = {"training.optimizer": {"adam": 0.03}}
    opened = inspected(toile.train(small(epochs=8, size_px=None), data=data, settings=quickly))
    assert opened.run.score.value == 1
    for name, is_light in (("zebra", True), ("ant", False)):
        picture = opened.picture(class_name=name)
        assert (picture.pixels.mean() > 127) == is_light
        view = view_attribution(opened, picture, "gradcam", check=False)
        assert view.record["class"] == name
        (logits,) = opened.classifier.model.logits(picture.pixels[None])
        assert view.record["number"] == pytest.approx(float(logits.max()), abs=1e-4)


def test_epochs_that_were_kept_or_counted_travel_in_a_bundle(run, tmp_path, small):
    kept = toile.train(small(epochs=2), settings={"training.keep": "epochs"})
    for source, folder in ((kept, "epochs"), (run, "census")):
        copied, manifest = toile.import_bundle(
            bundle_run(source, tmp_path / f"{folder}.zip"), tmp_path / folder
        )
        assert sum(name.startswith(f"{folder}/") for name in manifest.files) == 2
        for path in (source.folder / folder).iterdir():
            assert (copied.folder / folder / path.name).read_bytes() == path.read_bytes()
    assert epoch_network(copied := open_run(tmp_path / "epochs" / kept.id), 1).conv1 is not None
    assert saved_epochs(copied) == [1, 2]
