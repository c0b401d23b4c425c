"""A graph that takes 0 to 255 itself answers as the one that takes scaled pictures."""

import numpy as np
import onnx
import onnxruntime
import pytest

from toile.errors import ToileError
from toile.export import OnnxClassifier
from toile.export.build import build_file
from toile.export.proof import prove

LAYERS = [{"conv": {"filters": 8, "kernel": 3}}, "relu", {"maxpool": 2}, "flatten",
          {"dense": "classes"}]  # fmt: skip
# Layers whose names the graph's own input and its steps might clash with.
ODD = [{"silu": {"name": "pictures"}}, {"scale": {"factor": 2.0, "name": "pixels"}}, *LAYERS]


def contents(trained, calibration=None) -> list[bytes]:
    files = [build_file("onnx", trained, calibration, takes) for takes in ("scaled", "bytes")]
    return [file.content(file.about) for file in files]


@pytest.mark.parametrize("layers", [LAYERS, ODD, ["views", *LAYERS]])
@pytest.mark.parametrize(("scaling", "steps"), [("unit", 2), ("standard", 4)])
def test_bytes_are_answered_as_scaled_pictures_are(
    make_trained, make_noise, layers, scaling, steps
):
    trained = make_trained(layers, scaling=scaling)
    scaled, bytes_ = contents(trained)
    opened = OnnxClassifier(bytes_)
    assert opened.about.input_kind == "bytes"
    expected = OnnxClassifier(scaled).logits(make_noise(9))
    np.testing.assert_allclose(opened.logits(make_noise(9)), expected, atol=1e-6)
    first, *_ = onnx.load_model_from_string(bytes_).graph.node
    assert (first.op_type, first.input[0]) == ("Cast", "pictures")
    added = [len(onnx.load_model_from_string(one).graph.node) for one in (scaled, bytes_)]
    assert added[1] - added[0] == steps
    onnx.checker.check_model(bytes_, full_check=True)


def test_another_program_gives_it_what_a_file_holds_and_nothing_else(make_trained, make_noise):
    trained = make_trained(LAYERS)
    session = onnxruntime.InferenceSession(contents(trained)[1])
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape) == ("pictures", "tensor(uint8)", ["n", 2, 7, 8])
    (logits,) = session.run(None, {"pictures": make_noise(4)})
    np.testing.assert_allclose(logits, trained.model.logits(make_noise(4)), atol=1e-5)
    with pytest.raises(Exception, match="Unexpected input data type"):
        session.run(None, {"pictures": make_noise(4).astype(np.float32)})


def test_the_proof_is_of_the_graph_that_takes_bytes(make_trained, make_noise):
    trained, pixels = make_trained(LAYERS), make_noise(50)
    proven = prove(build_file("onnx", trained, None, "bytes"), pixels, trained.model.logits(pixels))
    assert proven.about.input_kind == "bytes"
    assert proven.about.input == "uint8 (n, 2, 7, 8): pixels, 0 to 255"
    assert proven.about.parity.max_difference < 1e-5
    assert proven.about.parity.agreement == 1


def test_int8_answers_bytes_as_it_answers_scaled_pictures(make_trained, make_noise):
    trained = make_trained(LAYERS)
    scaled, bytes_ = (OnnxClassifier(one) for one in contents(trained, make_noise(60)))
    assert (bytes_.about.precision, bytes_.about.input_kind) == ("int8", "bytes")
    pixels = make_noise(100)
    np.testing.assert_array_equal(scaled.logits(pixels), bytes_.logits(pixels))


def test_a_file_that_says_it_takes_what_it_does_not_is_refused(make_trained):
    scaled, bytes_ = contents(make_trained(LAYERS))
    for content, said, other in ((scaled, "scaled", "bytes"), (bytes_, "bytes", "scaled")):
        model = onnx.load_model_from_string(content)
        about = model.metadata_props[0]
        about.value = about.value.replace(f'"input_kind":"{said}"', f'"input_kind":"{other}"')
        with pytest.raises(ToileError, match=r"cannot be run by ONNX Runtime: .*data type"):
            OnnxClassifier(model.SerializeToString())
