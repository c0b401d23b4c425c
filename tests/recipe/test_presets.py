"""The networks Toile grew from, against the table of their sources."""

from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.recipe import list_presets, optimizers, plan_network, read_recipe, recipe_text
from toile.recipe.layers.dropout import Dropout
from toile.recipe.layers.layer import Layer
from toile.recipe.layers.norms import BatchNorm
from toile.recipe.layers.weighted import Conv, Dense

ADAM = optimizers.Adam(learning_rate=1e-3, epsilon=1e-7)
ADADELTA = optimizers.Adadelta(learning_rate=1.0, rho=0.9, epsilon=1e-7)
SGD = optimizers.SGD(learning_rate=0.01, momentum=0.9)
SLOW_SGD = optimizers.SGD(learning_rate=0.001, momentum=0.9)

# Parameters as Keras printed them, optimiser, batch size, epochs, held-out images (or share).
SOURCES = {
    "s0-dense": (203_530, ADAM, 128, 10, 5000),
    "s0-cnn": (185_866, ADAM, 128, 10, 5000),
    "s1-lab": (87_034, SGD, 32, 5, 5000),
    "s1-best": (2_707_400, SLOW_SGD, 32, 7, 5000),
    "s2-first": (412_778, ADAM, 64, 10, 5000),
    "s3-example": (578_970, ADADELTA, 128, 10, 5000),
    "s3-one-block": (31_450, ADADELTA, 128, 20, 5000),
    "s3-two-block": (8_970, ADADELTA, 128, 20, 5000),
    "s3-three-block": (3_610, ADADELTA, 128, 20, 5000),
    "s3-long": (1_213_450, ADADELTA, 128, 1430, 5000),
    "s3-wide": (8_305_674, ADADELTA, 128, 250, 5000),
    "s4-one-layer": (173_738, ADAM, 512, 50, 0.2),
    "s4-two-layer": (515_146, ADAM, 512, 50, 0.2),
    "s4-three-layer": (1_421_194, ADAM, 512, 50, 0.2),
}
DROPOUT_RATES = {
    "s0-dense": [0.25],
    "s0-cnn": [0.25, 0.25],
    "s2-first": [0.3, 0.3, 0.5],
    "s3-long": [0.6] * 3,
    "s3-wide": [0.7] * 3,
    "s4-one-layer": [0.2],
    "s4-two-layer": [0.2, 0.25],
    "s4-three-layer": [0.25, 0.25, 0.4, 0.4],
}
# The layers a source starts otherwise than by glorot_uniform, Keras's default.
OTHER_STARTS = {
    "s1-lab": ["he_uniform", "he_uniform", "glorot_uniform"],
    "s1-best": ["he_uniform", "he_uniform", "glorot_uniform"],
    "s4-three-layer": ["he_normal", *["glorot_uniform"] * 4],
}


def layers_of(name: str, *kinds: type[Layer]) -> list[Layer]:
    return [layer for layer in read_recipe(name).network if isinstance(layer, kinds)]


def test_every_network_of_the_sources_is_a_preset():
    assert {name for name in list_presets() if name.startswith("s")} == set(SOURCES)
    assert len(SOURCES) == 14


@pytest.mark.parametrize("name", SOURCES)
def test_a_preset_has_exactly_its_sources_parameters(name: str):
    assert plan_network(read_recipe(name).network, (1, 28, 28), 10).parameters == SOURCES[name][0]


@pytest.mark.parametrize("name", SOURCES)
def test_a_preset_trains_as_its_source_did(name: str):
    recipe = read_recipe(name)
    training = recipe.training
    _, optimizer, batch_size, epochs, validation = SOURCES[name]
    assert training.optimizer == optimizer
    assert (training.batch_size, training.epochs) == (batch_size, epochs)
    assert recipe.data.validation == validation
    assert recipe.data.scaling == "unit"
    assert recipe.augmentation == type(recipe.augmentation)()


@pytest.mark.parametrize("name", SOURCES)
def test_a_preset_drops_and_starts_as_its_source_did(name: str):
    assert [layer.rate for layer in layers_of(name, Dropout)] == DROPOUT_RATES.get(name, [])
    inits = [layer.init for layer in layers_of(name, Conv, Dense)]
    assert inits == OTHER_STARTS.get(name, ["glorot_uniform"] * len(inits))


def test_batch_norm_of_the_example_is_kerass():
    norms = layers_of("s3-example", BatchNorm)
    # Keras keeps .99 of the old statistics and adds .001.
    assert [(norm.momentum, norm.epsilon) for norm in norms] == [(0.01, 0.001)] * 4


@pytest.mark.parametrize("name", SOURCES)
def test_a_preset_says_what_it_takes_and_what_it_changes(name: str):
    about = read_recipe(name).about
    assert all(
        len(text) > 10 for text in (about.title, about.source, about.unchanged, about.changes)
    )
    chose_on_test = name.startswith(("s1", "s3"))
    assert chose_on_test == ("chose on its test set" in about.changes)


@pytest.mark.parametrize("name", list_presets())
def test_a_preset_is_named_as_its_file(name: str):
    assert read_recipe(name).name == name


def test_a_path_is_read_where_no_preset_has_the_name(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("network: [flatten, {dense: classes}]\n", encoding="utf-8")
    assert read_recipe(file).name == "mine"
    assert read_recipe(str(file)) == read_recipe(file)


def test_a_recipe_passes_through_with_its_settings_changed():
    recipe = read_recipe("s1-lab")
    changed = read_recipe(recipe, {"training.epochs": 3, "network.conv1.filters": 8})
    assert read_recipe(recipe) == recipe
    assert (changed.training.epochs, changed.network[0].filters) == (3, 8)


def test_a_misspelt_preset_is_answered_with_the_nearest():
    with pytest.raises(
        ToileError, match=r"'s1-lap' is neither .* presets: .*; did you mean s1-lab\?$"
    ):
        read_recipe("s1-lap")


@pytest.mark.parametrize("name", ["a" * 5000, "../presets/quick", "", "nul\0"])
def test_a_name_that_is_no_file_and_no_preset_is_refused(name: str):
    with pytest.raises(ToileError, match="is neither a recipe file nor a preset"):
        read_recipe(name)


@pytest.mark.parametrize("name", list_presets())
def test_a_presets_text_reads_back_as_the_preset(name: str, tmp_path: Path):
    recipe = read_recipe(name)
    for complete in (False, True):
        file = tmp_path / "elsewhere.yaml"
        file.write_text(recipe_text(recipe, complete), encoding="utf-8")
        assert read_recipe(file) == recipe
        assert read_recipe(file).hash == recipe.hash


def test_a_recipe_file_beside_is_suggested_for_another_ending(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").touch()
    with pytest.raises(ToileError, match=r"nor a preset; .*; did you mean mine\.yaml\?$"):
        read_recipe("mine.yml")
