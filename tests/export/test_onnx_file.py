"""The ONNX model reads like the recipe."""

import logging
import warnings

import numpy as np
import onnx
import pytest

from toile.export.onnx_file import OnnxFile

CONV = {"conv": {"filters": 4, "kernel": 4, "padding": "same"}}
LAYERS = [
    CONV, "batchnorm", "relu", {"maxpool": {"padding": "same"}}, {"spatial_dropout": 0.2},
    {"residual": {"layers": [CONV, "batchnorm", "silu"], "shortcut": [{"groupnorm": 2}]}},
    {"avgpool": {"size": 3, "stride": 2, "padding": "same"}}, "batchnorm", "flatten", "dropout",
    {"dense": 6}, "batchnorm", "layernorm", {"dense": "classes"},
]  # fmt: skip


@pytest.fixture(scope="module")
def model(make_trained):
    file = OnnxFile(make_trained(LAYERS))
    file.content(file.about)
    return file.model


def test_nodes_are_the_layers_in_their_order_and_under_their_names(model):
    assert [(node.op_type, node.name) for node in model.graph.node] == [
        ("Conv", "conv1"),
        ("Relu", "relu1"),
        ("MaxPool", "maxpool1"),
        ("Conv", "residual1.conv1"),
        ("Sigmoid", "residual1.silu1/Sigmoid"),
        ("Mul", "residual1.silu1"),
        ("GroupNormalization", "residual1.shortcut.groupnorm1"),
        ("Add", "residual1"),
        ("AveragePool", "avgpool1"),
        ("BatchNormalization", "batchnorm2"),
        ("Reshape", "flatten1"),
        ("Gemm", "dense1"),
        ("LayerNormalization", "layernorm1"),
        ("Gemm", "dense2"),
    ]


def test_values_are_called_as_the_layers_that_give_them_and_have_shapes(model):
    shapes = {
        value.name: [one.dim_value or one.dim_param for one in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.value_info, *model.graph.output]
    }
    assert shapes["pictures"] == ["n", 2, 7, 8]
    assert shapes["conv1"] == ["n", 4, 7, 8]
    assert shapes["maxpool1"] == shapes["residual1"] == ["n", 4, 4, 4]
    assert shapes["flatten1"] == ["n", 16]
    assert shapes["logits"] == ["n", 10]
    weights = {tensor.name for tensor in model.graph.initializer}
    assert {"conv1.weight", "conv1.bias", "residual1.shortcut.groupnorm1.weight"} <= weights
    assert "batchnorm1.weight" not in weights
    assert not weights & set(shapes)


def test_nothing_is_left_of_how_the_graph_was_drawn(model):
    assert model.metadata_props[0].key == "toile"
    assert not model.graph.metadata_props
    assert not model.functions
    parts = [*model.graph.node, *model.graph.value_info, *model.graph.initializer]
    assert [part.name for part in parts if part.metadata_props or part.doc_string] == []
    assert (model.producer_name, model.producer_version) == ("Toile", "0")
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 21)]
    text = model.SerializeToString()
    assert b"pkg." not in text
    assert b".py" not in text


def test_an_uneven_edge_is_a_setting_of_the_layer_that_looks_over_it(model):
    pads = {
        node.name: list(one.ints)
        for node in model.graph.node
        for one in node.attribute
        if one.name == "pads"
    }
    assert pads["conv1"] == [1, 1, 2, 2]
    assert pads["maxpool1"] == [0, 0, 1, 0]
    assert pads["avgpool1"] == [0, 0, 1, 1]


def test_a_batch_norm_is_folded_into_the_convolution_before_it_by_hand(make_trained):
    trained = make_trained([{"conv": {"filters": 1, "kernel": 1}}, {"batchnorm": {"epsilon": 1.0}},
                            "flatten", {"dense": "classes"}], (1, 1, 1))  # fmt: skip
    values = {
        "conv1.weight": 3, "conv1.bias": 1, "batchnorm1.weight": 4, "batchnorm1.bias": 5,
        "batchnorm1.running_mean": 7, "batchnorm1.running_var": 3,
    }  # fmt: skip
    for name, value in values.items():
        trained.weights[name][:] = value
    tensors = {
        one.name: onnx.numpy_helper.to_array(one)
        for one in OnnxFile(trained).model.graph.initializer
    }
    # (3 x + 1 - 7) / sqrt(3 + 1) * 4 + 5 = 6 x - 7
    assert tensors["conv1.weight"].item() == pytest.approx(6)
    assert tensors["conv1.bias"].item() == pytest.approx(-7)


def test_a_factor_is_folded_into_the_layer_before_it(make_trained):
    trained = make_trained([CONV, {"scale": -2.0}, "relu", "flatten", {"dense": "classes"},
                            {"scale": 0.25}])  # fmt: skip
    graph = OnnxFile(trained).model.graph
    assert [node.op_type for node in graph.node] == ["Conv", "Relu", "Reshape", "Gemm"]
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    np.testing.assert_array_equal(arrays["conv1.weight"], -2 * trained.weights["conv1.weight"])
    np.testing.assert_array_equal(arrays["dense1.bias"], trained.weights["dense1.bias"] / 4)


def test_the_network_exported_stays_as_it_was(make_trained):
    trained = make_trained(LAYERS)
    before = {name: value.clone() for name, value in trained.model.network.state_dict().items()}
    OnnxFile(trained)
    after = trained.model.network.state_dict()
    assert list(after) == list(before)
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_the_exporter_is_silent_and_leaves_others_their_voice(make_trained, capfd):
    level = logging.getLogger("torch.onnx").level
    filters = list(warnings.filters)
    OnnxFile(make_trained(["flatten", {"dense": "classes"}]))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("torch.onnx").level == level
    assert warnings.filters == filters


def test_it_takes_any_number_of_pictures(model, make_trained, make_noise):
    opened = OnnxFile.open(model.SerializeToString())
    reference = make_trained(LAYERS).model.logits(make_noise(5))
    for count in (1, 2, 5):
        answers = opened.logits(make_noise(5)[:count])
        np.testing.assert_allclose(answers, reference[:count], atol=2e-5)
