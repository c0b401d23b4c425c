"""The .h5, opened by Keras itself."""

import io
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from toile.errors import ToileError
from toile.export import KerasClassifier
from toile.export.keras_file import KerasFile
from toile.export.opened import scaled

# Keras on torch calls numpy in a way that numpy 2 will not have for ever.
quiet = pytest.mark.filterwarnings(r"ignore:__array__ implementation doesn't:DeprecationWarning")


def written(trained) -> bytes:
    file = KerasFile(trained)
    return file.content(file.about)


def opened_by_keras(content: bytes, folder: Path):
    import keras

    path = folder / "model.h5"
    path.write_bytes(content)
    return keras.models.load_model(path, compile=False)


@quiet
def test_keras_answers_as_the_network_does(trained, make_noise, tmp_path):
    import keras

    pixels = make_noise(5)
    content = written(trained)
    model = opened_by_keras(content, tmp_path)
    pictures = scaled(pixels, trained.about.data).transpose(0, 2, 3, 1)
    to_logits = keras.Model(model.inputs, model.layers[-1].input)
    reference = trained.model.logits(pixels)
    np.testing.assert_allclose(to_logits.predict(pictures, verbose=0), reference, atol=2e-5)
    shares = KerasClassifier(content).probabilities(pixels)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), shares, atol=5e-6)


@quiet
def test_keras_counts_the_parameters_of_the_plan(make_trained, tmp_path):
    trained = make_trained([{"conv": 4}, "batchnorm", {"residual": [{"conv": {"filters": 4,
                            "padding": "same"}}]}, "flatten", {"dense": "classes"}])  # fmt: skip
    model = opened_by_keras(written(trained), tmp_path)
    assert model.count_params() == trained.about.plan.parameters
    assert model.name == "small"
    assert [layer.name for layer in model.layers] == [
        "pictures", "conv1", "batchnorm1", "residual1-conv1", "residual1", "flatten1", "dense1",
        "probabilities",
    ]  # fmt: skip


@quiet
@pytest.mark.filterwarnings("ignore::UserWarning")  # Keras's, on how its inputs are nested
def test_training_on_leaves_the_views_as_they_are_and_counts_them_apart(make_trained, tmp_path):
    views = {"views": {"shift_x": 2, "shift_y": 1, "mirror": True}}
    trained = make_trained([views, {"conv": 4}, "flatten", {"dense": "classes"}])
    model = opened_by_keras(written(trained), tmp_path)
    learnt = {weight.path for weight in model.trainable_weights}
    assert learnt == {"conv1/kernel", "conv1/bias", "dense1/kernel", "dense1/bias"}
    assert sum(weight.value.numel() for weight in model.trainable_weights) == (
        trained.about.plan.parameters
    )
    before = {weight.path: np.array(weight) for weight in model.weights}
    model.compile("sgd", "categorical_crossentropy")
    inputs = np.random.default_rng(0).random((8, *model.input_shape[1:]), np.float32)
    model.train_on_batch(inputs, np.eye(model.output_shape[1], dtype=np.float32)[np.arange(8) % 3])
    moved = {one.path for one in model.weights if not np.array_equal(one, before[one.path])}
    assert moved == learnt


def test_the_first_dense_layer_takes_the_picture_row_by_row_and_not_channel_by_channel(
    make_trained,
):
    trained = make_trained(["flatten", {"dense": "classes"}], shape=(2, 1, 3))
    ours = trained.weights["dense1.weight"]
    ours[0] = [1, 2, 3, 10, 20, 30]  # channel 0 has 1 2 3, channel 1 has 10 20 30
    with h5py.File(io.BytesIO(written(trained))) as file:
        kernel = file["model_weights/dense1/dense1/kernel:0"][:, 0]
    assert kernel.tolist() == [1, 10, 2, 20, 3, 30]


def test_a_convolutions_filters_come_last(make_trained):
    trained = make_trained([{"conv": {"filters": 5, "kernel": 3}}, "flatten", {"dense": "classes"}])
    with h5py.File(io.BytesIO(written(trained))) as file:
        kernel = file["model_weights/conv1/conv1/kernel:0"][()]
    assert kernel.shape == (3, 3, 2, 5)
    assert kernel[0, 2, 1, 4] == trained.weights["conv1.weight"][4, 1, 0, 2]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([{"gelu": "tanh"}], r"gelu1\.approximation is tanh, which no Keras layer computes"),
        (
            [{"residual": [{"gelu": {"approximation": "tanh", "name": "bend"}}]}],
            r"residual1\.bend\.approximation is tanh.*--set network\.residual1\.bend\.approx",
        ),
        (
            [{"avgpool": {"size": 4, "stride": 3, "padding": "same"}}],
            r"avgpool1: its windows go beyond its input of 7 x 8 by one",
        ),
    ],
)
def test_what_keras_cannot_hold_is_refused_by_its_name(make_trained, layers, words):
    with pytest.raises(ToileError, match=words):
        KerasFile(make_trained([*layers, "flatten", {"dense": "classes"}]))


def test_numbers_are_turned_only_where_something_looks_at_their_order(make_trained):
    conv = {"conv": 3}
    kept = [conv, "flatten", "batchnorm", "relu", {"dense": "classes"}]
    turned = [conv, "flatten", {"groupnorm": 5}, {"dense": "classes"}]
    for layers, permutes in ((kept, 0), (turned, 1)):
        with h5py.File(io.BytesIO(written(make_trained(layers)))) as file:
            config = json.loads(file.attrs["model_config"])["config"]
        kinds = [layer["class_name"] for layer in config["layers"]]
        assert kinds.count("Permute") == permutes


def test_a_layer_the_reader_does_not_know_is_refused(make_trained):
    trained = make_trained(["relu", "flatten", {"dense": "classes"}])
    content = io.BytesIO(written(trained))
    with h5py.File(content, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace("Dense", "Lambda")
    with pytest.raises(ToileError, match="does not know: Lambda; open it with Keras"):
        KerasClassifier(content.getvalue())
