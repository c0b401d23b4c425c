"""ONNX files that torch and Keras write answer here as they do there."""

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from tests.conversion.test_keras_models import answers
from toile.conversion import read_network
from toile.errors import ToileError

SHAPE = (1, 12, 12)


class Block(nn.Module):
    def __init__(self, around: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.around = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), around

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(torch.relu(x))) + self.around(x))


class Lambda(nn.Module):
    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)  # type: ignore[operator, no-any-return]


NETWORKS = {
    "plain": lambda: nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3), nn.GELU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 5),
    ),
    "scaled in front": lambda: nn.Sequential(
        Lambda(lambda x: (x - 0.1307) / 0.3081), nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4),
        nn.SiLU(), Lambda(lambda x: x.mean((2, 3))), nn.Linear(4, 5), nn.LogSoftmax(1),
    ),
    "sums": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3), Block(nn.Identity()), Block(nn.Conv2d(4, 4, 1)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
    ),
    "shapes computed": lambda: nn.Sequential(
        nn.Conv2d(1, 3, 5), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        Lambda(lambda x: x.view(x.size(0), -1)), nn.Linear(48, 8), nn.BatchNorm1d(8),
        nn.GELU(approximate="tanh"), nn.Linear(8, 5), nn.Softmax(1),
    ),
    "zeros in front of convolutions": lambda: nn.Sequential(
        nn.ZeroPad2d(1), nn.Conv2d(1, 3, 3), nn.ReLU(), nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(3, 4, 3, 2), nn.Flatten(), nn.Linear(144, 5),
    ),
    "norms of groups and of channels": lambda: nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.GroupNorm(2, 6, eps=0.1), nn.ReLU(), nn.Conv2d(6, 4, 3),
        nn.InstanceNorm2d(4, eps=0.1), nn.GroupNorm(1, 4, eps=0.1, affine=False),
        nn.Conv2d(4, 4, 3), nn.InstanceNorm2d(4, eps=0.1, affine=True), nn.Flatten(),
        nn.Linear(144, 5),
    ),
    "dense alone": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(144, 7), nn.ELU(), nn.Linear(7, 7), nn.SELU(),
        nn.LeakyReLU(0.2), nn.Linear(7, 5, bias=False),
    ),
}  # fmt: skip


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, nn.GroupNorm | nn.InstanceNorm2d) and module.affine:
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return network


def exported(network: nn.Module, path: Path, new: bool = False) -> Path:
    images = torch.zeros(2, *SHAPE)
    logging.disable(logging.WARNING)
    try:
        with pytest.warns() if not new else torch.no_grad():
            if new:
                torch.onnx.export(network, (images,), path, external_data=False, verbose=False)
            else:
                names = {"input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}}
                torch.onnx.export(network, (images,), path, dynamo=False, **names)
    finally:
        logging.disable(logging.NOTSET)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_answers_as_torch_does(name: str, tmp_path: Path) -> None:
    network = made(name)
    path = exported(network, tmp_path / "network.onnx")
    _same(network, path)


@pytest.mark.parametrize("name", ["sums", "scaled in front", "norms of groups and of channels"])
def test_so_it_does_where_the_new_exporter_wrote_it(name: str, tmp_path: Path) -> None:
    network = made(name)
    _same(network, exported(network, tmp_path / "network.onnx", new=True))


def _same(network: nn.Module, path: Path) -> None:
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    read = read_network(path, SHAPE)
    with torch.no_grad():
        theirs = network(torch.from_numpy(images)).numpy()
    ours = answers(read, images)
    if read.output_kind == "log_softmax":
        ours = torch.from_numpy(ours).log_softmax(1).numpy()
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert read.runtime is not None
    np.testing.assert_allclose(read.runtime(images), theirs, atol=2e-5)


def channels_last(path: Path, operator: str = "Transpose") -> np.ndarray:
    """A file as converters from TensorFlow write them: channels last, and turned for Conv.

    Of one channel a Reshape does what a Transpose does.

    Returns its dense weight, (inputs, outputs) with inputs in the order (h, w, c).
    """
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(3, 1, 3, 3)), rng.normal(size=3)
    dense, shift = rng.normal(size=(300, 5)) * 0.1, rng.normal(size=5)
    constants = {"kernel": kernel, "bias": bias, "dense": dense, "shift": shift}
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2])
        if operator == "Transpose"
        else helper.make_node("Reshape", ["x", "picture"], ["first"]),
        helper.make_node("Conv", ["first", "kernel", "bias"], ["maps"]),
        helper.make_node("Relu", ["maps"], ["bent"]),
        helper.make_node("Transpose", ["bent"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["last", "row"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["product"]),
        helper.make_node("Add", ["product", "shift"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"], axis=1),
    ]
    initializers = [
        numpy_helper.from_array(value.astype("f4"), name) for name, value in constants.items()
    ] + [
        numpy_helper.from_array(np.array([-1, 300]), "row"),
        numpy_helper.from_array(np.array([-1, 1, 12, 12]), "picture"),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 12, 12, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        initializers,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return dense


@pytest.mark.parametrize("operator", ["Transpose", "Reshape"])
def test_channels_last_are_put_first(operator: str, tmp_path: Path) -> None:
    channels_last(tmp_path / "network.onnx", operator)
    read = read_network(tmp_path / "network.onnx", SHAPE)
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    assert read.runtime is not None
    np.testing.assert_allclose(answers(read, images), read.runtime(images), atol=1e-6)
    assert [layer.kind for layer in read.layers] == ["conv", "relu", "flatten", "dense"]


def test_weights_in_another_file_are_not_opened(tmp_path: Path) -> None:
    path = exported(made("plain"), tmp_path / "network.onnx")
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(ToileError, match="keeps weights in other files"):
        read_network(path, SHAPE)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 3, 3, dilation=2), nn.Flatten(), nn.Linear(192, 5)),
            "dilation",
        ),
        (nn.Sequential(nn.ReLU6(), nn.Flatten(), nn.Linear(144, 5)), "clips to"),
        (nn.Sequential(nn.Hardswish(), nn.Flatten(), nn.Linear(144, 5)), "HardSwish"),
        (
            nn.Sequential(nn.Tanh(), nn.MaxPool2d(3, 2, 1), nn.Flatten(), nn.Linear(36, 5)),
            "1, 1, 1, 1 pixels around",
        ),
        (
            nn.Sequential(Lambda(lambda x: torch.cat([x, x], 1)), nn.Flatten(), nn.Linear(288, 5)),
            "Concat",
        ),
    ],
)
def test_what_cannot_be_held_is_refused(network: nn.Module, message: str, tmp_path: Path) -> None:
    path = exported(network.eval(), tmp_path / "network.onnx")
    with pytest.raises(ToileError, match=message):
        read_network(path, SHAPE)


@pytest.mark.parametrize("picture", [[-1, 1, 12, 12], [1, 12, 12, 1], [-1, 12, 12, 1]])
def test_a_row_that_is_made_a_picture_is_one(picture: list[int], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    constants = {
        "picture": np.array(picture),
        "kernel": rng.normal(size=(3, 1, 3, 3)).astype("f4"),
        "dense": rng.normal(size=(300, 5)).astype("f4"),
    }
    first = [helper.make_node("Reshape", ["x", "picture"], ["p"])]
    if picture[1] == 12:
        first.append(helper.make_node("Transpose", ["p"], ["q"], perm=[0, 3, 1, 2]))
    nodes = [
        *first,
        helper.make_node("Conv", [first[-1].output[0], "kernel"], ["maps"]),
        helper.make_node("Flatten", ["maps"], ["row"]),
        helper.make_node("MatMul", ["row", "dense"], ["y"]),
    ]
    read = read_network(graph(tmp_path / "n.onnx", nodes, constants, [144]), SHAPE)
    assert read.shape == SHAPE
    images = rng.random((4, *SHAPE), np.float32)
    assert read.runtime is not None
    np.testing.assert_allclose(answers(read, images), read.runtime(images), rtol=1e-4)


def test_a_network_in_float16_is_asked_in_float16(tmp_path: Path) -> None:
    network = made("zeros in front of convolutions").half()
    images = torch.rand(4, *SHAPE)
    with pytest.warns(DeprecationWarning, match="legacy"):
        torch.onnx.export(network, (images.half(),), tmp_path / "half.onnx", dynamo=False)
    read = read_network(tmp_path / "half.onnx", SHAPE)
    assert read.runtime is not None
    np.testing.assert_allclose(
        read.runtime(images.numpy()), answers(read, images.numpy()), atol=2e-3
    )


def graph(path: Path, nodes: list, constants: dict[str, np.ndarray], shape: list) -> Path:
    made = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


DENSE = {"w": np.ones((144, 5), np.float32)}


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (
            [("HardSwish", "p", "y", {})],
            {},
            r"its layer .* is a HardSwish, which no network here holds; nearest is silu",
        ),
        ([("Cast", "p", "y", {"to": 7})], {}, "makes whole numbers"),
        ([("Softmax", "p", "s", {}), ("Add", "s b", "y", {})], {"b": np.ones(5, "f4")}, "softmax"),
        (
            [("Clip", "p low high", "y", {})],
            {"low": np.float32(0), "high": np.float32(1e6)},
            "clips to",
        ),
    ],
)
def test_what_would_be_read_otherwise_is_refused(
    nodes: list, constants: dict, message: str, tmp_path: Path
) -> None:
    made = [helper.make_node("MatMul", ["x", "w"], ["p"])] + [
        helper.make_node(kind, inputs.split(), [output], **attributes)
        for kind, inputs, output, attributes in nodes
    ]
    path = graph(tmp_path / "n.onnx", made, DENSE | constants, [144])
    with pytest.raises(ToileError, match=message):
        read_network(path, SHAPE)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(b"")
    with pytest.raises(ToileError, match=r"n\.onnx is empty, of 0 bytes"):
        read_network(path, SHAPE)


def test_constants_of_a_huge_shape_are_not_computed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("Add", ["x", "huge"], ["y"]),
    ]
    path = graph(tmp_path / "n.onnx", nodes, {"shape": np.array([1 << 20, 1 << 20])}, [144])
    with pytest.raises(ToileError, match="too much of its own constants"):
        read_network(path, SHAPE)


def test_constants_that_would_fill_memory_are_not_computed(tmp_path: Path) -> None:
    long = np.ones((200_000, 1), np.float32)
    nodes = [
        helper.make_node("Add", ["a", "b"], ["huge"]),
        helper.make_node("MatMul", ["x", "huge"], ["y"]),
    ]
    path = graph(tmp_path / "n.onnx", nodes, {"a": long, "b": long.T.copy()}, [144])
    with pytest.raises(ToileError, match="computes too much of its own constants"):
        read_network(path, SHAPE)


def test_functions_that_call_functions_are_counted_before_they_are_written_out(
    tmp_path: Path,
) -> None:
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    functions = [
        helper.make_function(
            "own", f"f{level}", ["i"], ["o"],
            [
                helper.make_node(f"f{level - 1}" if level else "Relu", ["i"], ["m"],
                                 domain="own" if level else ""),
                helper.make_node(f"f{level - 1}" if level else "Relu", ["m"], ["o"],
                                 domain="own" if level else ""),
            ],
            opset,
        )
        for level in range(24)
    ]  # fmt: skip
    made = helper.make_graph(
        [helper.make_node("f23", ["x"], ["y"], domain="own")], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 144])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=opset, functions=functions)
    (tmp_path / "n.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ToileError, match="16,777,216 nodes"):
        read_network(tmp_path / "n.onnx", SHAPE)


def test_what_is_no_onnx_is_refused(tmp_path: Path) -> None:
    (tmp_path / "network.onnx").write_bytes(b"no protobuf at all")
    with pytest.raises(ToileError, match="damaged or no ONNX file"):
        read_network(tmp_path / "network.onnx", SHAPE)
