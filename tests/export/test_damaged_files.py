"""A damaged export is opened and answers, or is refused in a sentence.

Of a Keras file the texts inside are damaged, not its bytes: on some of those the HDF5 library
itself crashes, which is why only files of one's own making are opened.
"""

import io
from collections.abc import Callable, Mapping

import h5py
import onnx
import pytest

from tests.fuzzing import unanswered
from toile.errors import ToileError
from toile.export import KerasClassifier, OnnxClassifier
from toile.export.keras_file import KerasFile
from toile.export.onnx_file import OnnxFile

Read = Callable[[bytes], object]
LAYERS = ["views", {"conv": 3}, "batchnorm", "relu", "flatten", {"dense": "classes"}]
QUICK, MANY = 150, 20_000


@pytest.fixture(scope="module")
def files(make_trained, make_noise) -> tuple[dict[str, bytes], dict[str, Read]]:
    """Exports of a small network, and the texts in them, and for each what opens it damaged."""
    trained = make_trained(LAYERS)
    graph, keras = OnnxFile(trained), KerasFile(trained)
    model = onnx.load_model_from_string(graph.content(graph.about))
    picture = make_noise(1)
    with h5py.File(io.BytesIO(keras.content(keras.about)), "r") as file:
        attributes = {name: file.attrs[name] for name in ("toile", "model_config")}

    def with_metadata(content: bytes) -> object:
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        (entry,) = [one for one in changed.metadata_props if one.key == "toile"]
        entry.value = content.decode(errors="replace")
        return OnnxClassifier(changed.SerializeToString()).logits(picture)

    def with_attribute(name: str) -> Read:
        def read(content: bytes) -> object:
            written = io.BytesIO(keras.content(keras.about))
            with h5py.File(written, "r+") as file:
                del file.attrs[name]
                # A null ends a text of HDF5's.
                file.attrs[name] = content.decode(errors="replace").replace("\0", "")
            return KerasClassifier(written.getvalue()).probabilities(picture)

        return read

    seeds = {"onnx": model.SerializeToString()}
    read: dict[str, Read] = {
        "onnx": lambda content: OnnxClassifier(content).logits(picture),
        "onnx, what it says of itself": with_metadata,
    }
    for entry in model.metadata_props:
        if entry.key == "toile":
            seeds["onnx, what it says of itself"] = entry.value.encode()
    for name, text in attributes.items():
        seeds[f"keras, {name}"] = text.encode() if isinstance(text, str) else bytes(text)
        read[f"keras, {name}"] = with_attribute(name)
    assert_sound(seeds, read)
    return seeds, read


def assert_sound(seeds: Mapping[str, bytes], read: Mapping[str, Read]) -> None:
    for name, content in seeds.items():
        try:
            read[name](content)
        except ToileError as error:
            pytest.fail(f"{name} is refused before it is damaged: {error}")


def test_a_damaged_export_answers_or_is_refused(files):
    seeds, read = files
    assert unanswered(read, seeds, QUICK) == []


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_an_export_damaged_in_very_many_ways_answers_or_is_refused(files):
    seeds, read = files
    assert unanswered(read, seeds, MANY, seed=1) == []


@pytest.mark.parametrize("kind", ["null", "[]", "7", '"Conv9D"'])
def test_a_layer_of_no_known_kind_is_named(make_trained, make_noise, kind):
    keras = KerasFile(make_trained(["flatten", {"dense": "classes"}]))
    written = io.BytesIO(keras.content(keras.about))
    with h5py.File(written, "r+") as file:
        config = file.attrs["model_config"]
        assert '"class_name": "Dense"' in config
        file.attrs["model_config"] = config.replace(
            '"class_name": "Dense"', f'"class_name": {kind}'
        )
    with pytest.raises(ToileError, match="layers this reader does not know: "):
        KerasClassifier(written.getvalue())


@pytest.mark.parametrize(
    ("setting", "damaged"),
    [
        ('"pool_size": [2, 2]', '"pool_size": [4000000000, 2]'),
        ('"kernel_size": [3, 3]', '"kernel_size": [4000000000, 3]'),
        ('"strides": [2, 2]', '"strides": [-1, -1]'),
        ('"padding": 1', '"padding": 4000000000'),
    ],
)
def test_a_size_that_no_picture_has_is_refused_before_anything_is_as_large(
    make_trained, make_noise, setting, damaged
):
    conv = {"conv": {"filters": 2, "kernel": 3, "padding": 1}}
    layers = [conv, {"maxpool": {"size": 2, "padding": "same"}}, "flatten", {"dense": "classes"}]
    keras = KerasFile(make_trained(layers))
    written = io.BytesIO(keras.content(keras.about))
    with h5py.File(written, "r+") as file:
        config = file.attrs["model_config"]
        assert setting in config
        file.attrs["model_config"] = config.replace(setting, damaged)
    with pytest.raises(ToileError, match=r"is damaged: .* is -?\d+"):
        KerasClassifier(written.getvalue()).probabilities(make_noise(1))
