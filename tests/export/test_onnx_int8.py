import onnx
import pytest

from toile.errors import ToileError
from toile.export.build import build_file
from toile.export.proof import prove

LAYERS = [{"conv": {"filters": 8, "kernel": 3}}, "relu", {"maxpool": 2}, "flatten",
          {"dense": "classes"}]  # fmt: skip


def test_int8_says_how_many_answers_it_keeps_and_both_accuracies(make_trained, make_noise):
    trained, pixels = make_trained(LAYERS), make_noise(200)
    reference = trained.model.logits(pixels)
    labels = reference.argmax(1)
    labels[:50] = (labels[:50] + 1) % 10
    proven = prove(build_file("onnx", trained, make_noise(60)), pixels, reference, labels)
    parity = proven.about.parity
    assert proven.about.precision == "int8"
    assert parity.accuracy_float32 == 0.75
    assert parity.agreement >= 0.98
    assert parity.accuracy == pytest.approx(0.75, abs=1 - parity.agreement + 1e-9)
    assert parity.max_difference > 1e-4


def test_weights_become_int8_a_channel_at_a_time_and_the_file_shrinks(make_trained, make_noise):
    wide = [{"conv": {"filters": 32, "kernel": 5}}, "flatten", {"dense": 64}, {"dense": "classes"}]
    trained = make_trained(wide)
    whole, small = build_file("onnx", trained), build_file("onnx", trained, make_noise(60))
    content = small.content(small.about)
    assert len(content) < 0.5 * len(whole.content(whole.about))
    tensors = {one.name: one for one in onnx.load_model_from_string(content).graph.initializer}
    assert tensors["conv1.weight_quantized"].data_type == onnx.TensorProto.INT8
    assert list(tensors["conv1.weight_scale"].dims) == [32]
    again = build_file("onnx", trained, make_noise(60))
    assert again.content(again.about) == content


def test_int8_that_changes_more_than_two_answers_in_a_hundred_is_refused(make_trained, make_noise):
    trained, pixels = make_trained(LAYERS), make_noise(100)
    reference = trained.model.logits(pixels)
    file = build_file("onnx", trained, make_noise(60))
    agreed = file.open(file.content(file.about)).logits(pixels).argmax(1)
    for place, number in enumerate(agreed):
        reference[place, number] = 100
    prove(file, pixels, reference, agreed)
    reference[:2] *= -1
    prove(file, pixels, reference, agreed)
    reference[2] *= -1
    with pytest.raises(
        ToileError, match=r"int8 changes 3 of 100 predictions .* at most 2% may change"
    ):
        prove(file, pixels, reference, agreed)
    # Also where there are no labels to tell an accuracy by.
    with pytest.raises(
        ToileError, match=r"int8 changes 3 of 100 predictions; at most 2% may change"
    ):
        prove(file, pixels, reference)
