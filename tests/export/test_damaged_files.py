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
