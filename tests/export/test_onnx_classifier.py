import subprocess
import sys

import numpy as np
import onnx
import pytest

from toile.errors import ToileError
from toile.export import OnnxClassifier, onnx_classifier, opened
from toile.export.onnx_file import OnnxFile


@pytest.fixture(scope="module")
def content(make_trained):
    file = OnnxFile(make_trained([{"conv": 3}, "flatten", {"dense": "classes"}]))
    return file.content(file.about)


def changed(content: bytes, change) -> bytes:
    model = onnx.load_model_from_string(content)
    change(model)
    return model.SerializeToString()


def keep_weights_elsewhere(model) -> None:
    keep_elsewhere(model.graph.initializer[0])


def keep_weights_of_a_branch_elsewhere(model) -> None:
    inner = onnx.helper.make_graph([], "inner", [], [], [model.graph.initializer[0]])
    model.graph.node.append(onnx.helper.make_node("If", ["conv1"], ["a"], then_branch=inner))
    keep_elsewhere(model.graph.node[-1].attribute[0].g.initializer[0])


def keep_weights_of_a_function_elsewhere(model) -> None:
    constant = onnx.helper.make_node("Constant", [], ["a"], value=weight_elsewhere())
    opset = [onnx.helper.make_opsetid("", 18)]
    function = onnx.helper.make_function("own", "give", [], ["a"], [constant], opset)
    model.functions.append(function)


def keep_weights_of_a_list_elsewhere(model) -> None:
    give_attribute(model, "tensors", [weight_elsewhere()])


def keep_weights_of_a_list_of_branches_elsewhere(model) -> None:
    inner = onnx.helper.make_graph([], "inner", [], [], [weight_elsewhere()])
    give_attribute(model, "graphs", [inner])


def keep_sparse_weights_elsewhere(model) -> None:
    indices = onnx.numpy_helper.from_array(np.zeros(1, np.int64), "places")
    sparse = onnx.helper.make_sparse_tensor(weight_elsewhere(), indices, [4])
    model.graph.sparse_initializer.append(sparse)


def give_attribute(model, name, value) -> None:
    model.graph.node[0].attribute.append(onnx.helper.make_attribute(name, value))


def weight_elsewhere():
    weight = onnx.numpy_helper.from_array(np.zeros(1, np.float32), "w")
    keep_elsewhere(weight)
    return weight


def say_that_weights_are_here(model) -> None:
    model.graph.initializer[0].data_location = onnx.TensorProto.DEFAULT


def claim_pictures_of_a_hundred_terapixels(model) -> None:
    about = model.metadata_props[0]
    assert '"shape":[2,7,8]' in about.value
    about.value = about.value.replace('"shape":[2,7,8]', '"shape":[2,10000000,10000000]')


def keep_elsewhere(weight) -> None:
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")


def forget_metadata(model) -> None:
    del model.metadata_props[:]


def damage_metadata(model) -> None:
    model.metadata_props[0].value = '{"version": 1, "toile": 5}'


def from_the_future(model) -> None:
    about = model.metadata_props[0]
    about.value = about.value.replace('"version":2', '"version":3')


def call_an_unknown_operator(model) -> None:
    model.graph.node[0].op_type = "Convolve"


def speak_of_another_class(model) -> None:
    about = model.metadata_props[0]
    about.value = about.value.replace('["class 0",', '["class 0","one more",')


def take_something_else(model) -> None:
    model.graph.input[0].name = model.graph.node[0].input[0] = "numbers"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (keep_weights_elsewhere, "has weights in other files"),
        (keep_weights_of_a_branch_elsewhere, "has weights in other files"),
        (keep_weights_of_a_function_elsewhere, "has weights in other files"),
        (keep_weights_of_a_list_elsewhere, "has weights in other files"),
        (keep_weights_of_a_list_of_branches_elsewhere, "has weights in other files"),
        (keep_sparse_weights_elsewhere, "has weights in other files"),
        (claim_pictures_of_a_hundred_terapixels, "has damaged metadata: data"),
        (forget_metadata, "has no metadata of Toile; export a run with toile export"),
        (damage_metadata, "has damaged metadata: toile is "),
        (from_the_future, "was written by a newer Toile: its form has version 3"),
        (speak_of_another_class, "has not one logit per class"),
        (take_something_else, "cannot be run by ONNX Runtime: .*pictures"),
        (call_an_unknown_operator, "cannot be run by ONNX Runtime: .*Convolve"),
    ],
)
def test_a_model_that_is_not_whole_or_not_toiles_is_refused(content, change, words):
    with pytest.raises(ToileError, match=words):
        OnnxClassifier(changed(content, change))


def test_a_tensor_that_says_it_is_here_is_here(content):
    OnnxClassifier(changed(content, say_that_weights_are_here))


def test_a_file_is_named_in_its_refusal(content, tmp_path, monkeypatch):
    path = tmp_path / "some.onnx"
    with pytest.raises(ToileError, match=r"some\.onnx cannot be read: No such file"):
        OnnxClassifier(path)
    path.write_bytes(b"not a model")
    with pytest.raises(ToileError, match=r"some\.onnx is damaged or no ONNX file"):
        OnnxClassifier(path)
    path.write_bytes(content)
    monkeypatch.setattr(opened, "MAX_BYTES", 1_000)
    with pytest.raises(
        ToileError, match=r"some\.onnx has [\d,]+ bytes; an export has at most 1,000"
    ):
        OnnxClassifier(path)


def test_a_file_is_answered_from_as_its_bytes_are(content, make_noise, tmp_path):
    path = tmp_path / "some.onnx"
    path.write_bytes(content)
    of_path, of_bytes = OnnxClassifier(path), OnnxClassifier(content)
    assert of_path.facts == of_bytes.facts
    assert of_path.facts.class_names[0] == "class 0"
    np.testing.assert_array_equal(of_path.logits(make_noise(4)), of_bytes.logits(make_noise(4)))


def test_many_pictures_are_answered_in_parts_as_at_once(content, make_noise, monkeypatch):
    classifier = OnnxClassifier(content)
    whole = classifier.logits(make_noise(11))
    monkeypatch.setattr(onnx_classifier, "PIXELS_AT_ONCE", 4 * 2 * 7 * 8)
    np.testing.assert_allclose(classifier.logits(make_noise(11)), whole, atol=1e-6)


def test_answering_takes_no_torch(content, tmp_path):
    path = tmp_path / "some.onnx"
    path.write_bytes(content)
    code = f"""
import sys, pathlib, numpy
from toile.export import OnnxClassifier
classifier = OnnxClassifier(pathlib.Path({str(path)!r}))
assert classifier.logits(numpy.zeros((2, 2, 7, 8), numpy.uint8)).shape == (2, 10)
assert "torch" not in sys.modules, "torch was imported"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
