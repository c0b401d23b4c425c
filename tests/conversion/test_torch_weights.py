"""Torch's own modules, and its weights alone."""

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from tests.conversion.test_keras_models import answers
from toile.conversion import network_of_module, network_of_state, read_network, read_state
from toile.conversion.builder import RESERVED
from toile.errors import ToileError
from toile.recipe import Recipe, recipe_of

SHAPE = (3, 12, 12)


def module() -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2)),
        nn.ZeroPad2d(1), nn.MaxPool2d(2), nn.Dropout2d(0.1), nn.GroupNorm(2, 4), nn.GELU(),
        nn.InstanceNorm2d(4, eps=0.1),
        nn.Conv2d(4, 4, 3, groups=2, bias=False), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1),
        nn.Flatten(), nn.LayerNorm(36), nn.Linear(36, 8), nn.BatchNorm1d(8), nn.SELU(),
        nn.Dropout(0.3), nn.Identity(), nn.Linear(8, 5), nn.Softmax(1),
    ).eval()  # fmt: skip
    for part in network.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return network


def test_a_sequential_answers_as_it_did() -> None:
    network = module()
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(
        answers(network_of_module(network, SHAPE), images), expected, atol=1e-5
    )


@pytest.mark.parametrize(
    "layers",
    [
        [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, 2)],
        [nn.ZeroPad2d(1), nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3, padding="valid")],
        [nn.Conv2d(3, 4, 3), nn.ZeroPad2d(2)],
        [nn.ZeroPad2d(1), nn.ReLU(), nn.Conv2d(3, 4, 5, padding=2)],
    ],
)
def test_zeros_are_taken_in_by_the_convolution_behind_them(layers: list[nn.Module]) -> None:
    network = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(5))
    images = np.random.default_rng(1).random((4, *SHAPE), np.float32)
    expected = network(torch.from_numpy(images)).detach().numpy()
    read = network_of_module(network, SHAPE)
    np.testing.assert_allclose(answers(read, images), expected, atol=1e-5)


def test_a_module_with_a_forward_of_its_own_is_refused() -> None:
    class Net(nn.Module):
        pass

    with pytest.raises(ToileError, match=r"is a Net, whose forward is code.*torch\.onnx\.export"):
        network_of_module(Net(), SHAPE)


def recipe() -> Recipe:
    layers = ["conv: 4", "relu", "conv: 4", "batchnorm", "flatten", "dense: classes"]
    kinds = [
        {kind: int(value) if value.isdigit() else value} if value else kind
        for kind, _, value in (layer.partition(": ") for layer in layers)
    ]
    return recipe_of({"network": kinds})


def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    net = nn.ModuleDict(
        {
            "stem": nn.Conv2d(3, 4, 3), "body": nn.Conv2d(4, 4, 3), "norm": nn.BatchNorm2d(4),
            "head": nn.Linear(256, 5),
        }
    )  # fmt: skip
    return dict(net.state_dict())


def test_weights_alone_are_matched_by_shape() -> None:
    tensors = state()
    network = network_of_state(
        read_state(save(tensors), "w.safetensors"), "w.safetensors", recipe().network, SHAPE, 5
    )
    assert network.origins == {
        "conv1": "stem", "conv2": "body", "batchnorm1": "norm", "dense1": "head",
    }  # fmt: skip
    np.testing.assert_array_equal(network.weights["conv2.weight"], tensors["body.weight"])
    assert "stem is conv1" in network.notes[0]


def test_equal_shapes_are_matched_in_the_order_of_their_numbers() -> None:
    layers = recipe_of(
        {"network": ["flatten", *[{"dense": 432}] * 11, {"dense": "classes"}]}
    ).network
    tensors = {}
    for index in range(11):
        tensors |= {
            f"{index}.weight": torch.full((432, 432), float(index)),
            f"{index}.bias": torch.zeros(432),
        }
    tensors |= {"11.weight": torch.zeros(5, 432), "11.bias": torch.zeros(5)}
    network = network_of_state(
        read_state(save(tensors), "w.safetensors"), "w.safetensors", layers, SHAPE, 5
    )
    assert [network.weights[f"dense{index + 1}.weight"][0, 0] for index in range(11)] == [
        *range(11)
    ]


def test_weights_of_another_network_are_refused() -> None:
    tensors = state()
    del tensors["head.weight"]
    with pytest.raises(ToileError, match=r"dense1, which has weight 5 x .*, bias 5; the file has "):
        network_of_state(
            {name: value.numpy() for name, value in tensors.items()},
            "w",
            recipe().network,
            SHAPE,
            5,
        )
    extra = state() | {"more.weight": torch.zeros(2)}
    with pytest.raises(ToileError, match="weights of more, which no layer"):
        network_of_state(
            {name: value.numpy() for name, value in extra.items()}, "w", recipe().network, SHAPE, 5
        )


def test_a_pickle_is_refused_with_the_lines_that_turn_it(tmp_path) -> None:
    path = tmp_path / "model.pth"
    torch.save(state(), path)
    with pytest.raises(ToileError, match=r"is a pickle.*runs whatever code") as refusal:
        read_network(path, SHAPE)
    assert "safetensors.torch.save_file" in str(refusal.value)


def test_the_lines_that_turn_a_pickle_load_weights_and_whole_modules(tmp_path) -> None:
    path = tmp_path / "net.pt"
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    for saved, options in ((module.state_dict(), "=True)"), (module, "=False)")):
        torch.save(saved, path)
        with pytest.raises(ToileError) as refusal:
            read_network(path, SHAPE)
        lines = [
            line for line in str(refusal.value).splitlines() if f"weights_only{options}" in line
        ]
        names: dict[str, object] = {"torch": torch}
        exec(lines[0].strip(), names)
        assert list(names["state"]) == ["1.weight", "1.bias"]


def test_equal_shapes_without_numbers_are_not_guessed() -> None:
    layers = recipe_of(
        {"network": ["flatten", {"dense": 432}, {"dense": 432}, {"dense": 5}]}
    ).network
    tensors = {
        f"{name}.{key}": value
        for name in ("stem", "body")
        for key, value in nn.Linear(432, 432).state_dict().items()
    } | {f"head.{key}": value for key, value in nn.Linear(432, 5).state_dict().items()}
    state = {name: value.numpy() for name, value in tensors.items()}
    with pytest.raises(ToileError, match="body and stem have the same shapes, and nothing says"):
        network_of_state(state, "w", layers, SHAPE, 5)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.Linear(12, 12), "works on the rows of pictures"),
        (nn.AvgPool2d(2, divisor_override=1), "divisor_override"),
        (nn.Softmax(0), "over the axis 0"),
        (nn.ReLU6(), "is a ReLU6"),
        (nn.InstanceNorm2d(3, track_running_stats=True), "has running statistics"),
        (nn.ZeroPad2d(-1), "cuts edges off"),
    ],
)
def test_what_ours_does_otherwise_is_refused(layer: nn.Module, message: str) -> None:
    with pytest.raises(ToileError, match=message):
        network_of_module(nn.Sequential(layer, nn.Flatten(), nn.Linear(432, 5)), SHAPE)


@pytest.mark.parametrize("place", ["", "0", "0.0", "1"])
def test_hooks_are_refused(place: str) -> None:
    network = nn.Sequential(nn.Sequential(nn.Flatten()), nn.Linear(432, 5))
    module = network.get_submodule(place)
    module.register_forward_hook(lambda module, inputs, outputs: 2 * outputs)
    with pytest.raises(ToileError, match="has hooks"):
        network_of_module(network, SHAPE)


@pytest.mark.parametrize("place", ["", "0", "0.0", "1"])
def test_a_forward_set_on_the_layer_itself_is_refused(place: str) -> None:
    network = nn.Sequential(nn.Sequential(nn.Flatten()), nn.Linear(432, 5))
    module = network.get_submodule(place)
    plain = module.forward
    module.forward = lambda inputs: 2 * plain(inputs)
    with pytest.raises(ToileError, match=r"has another forward than torch's \w+, which is code"):
        network_of_module(network, SHAPE)


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ReLU])
def test_a_class_that_only_has_the_name_of_torchs_is_refused(kind: type[nn.Module]) -> None:
    def forward(self: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        return 2 * kind.forward(self, inputs)

    fields = {"forward": forward, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    module = type(kind.__name__, (kind,), fields)()
    outer = nn.Sequential(module, nn.Flatten(), nn.Linear(432, 5))
    with pytest.raises(ToileError, match=f"is a {kind.__name__}"):
        network_of_module(outer, SHAPE)
    with pytest.raises(ToileError, match="whose forward is code"):
        network_of_module(module, SHAPE)


def test_names_that_torch_keeps_are_given_to_no_layer() -> None:
    public = {name for name in dir(nn.Sequential()) if not name.startswith("_")}
    assert public == RESERVED


def test_more_channels_than_a_layer_may_have_are_refused_in_words() -> None:
    network = nn.Sequential(nn.Conv2d(3, 5000, 1), nn.AdaptiveAvgPool2d(1), nn.Linear(5000, 5))
    with pytest.raises(ToileError, match=r"no network here may have .*filters"):
        network_of_module(network, SHAPE)
