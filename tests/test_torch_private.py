"""What torch does not promise is used in one file, and was seen in named versions of it."""

import ast
import re
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from toile import torch_private

PACKAGE = Path(__file__).parents[1] / "src" / "toile"
PRIVATE = PACKAGE / "torch_private.py"
OTHERS = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PRIVATE and re.search(r"\btorch\b", path.read_text())
]
# Modules and what they hold are documented elsewhere than in a docstring.
NO_DOCSTRING = (type(torch), type, torch.dtype, torch.layout, torch.memory_format)
DOCUMENTED = {"torch.log_softmax", "torch.backends.cuda.matmul"}
"""In torch's documentation, though without a docstring."""
OF_MODULES = {name for name in vars(nn.Module()) if re.match(r"_[a-z]", name)}
OF_TENSORS = {name for name in dir(torch.Tensor) if re.match(r"_[a-z]", name)}


def private_names(source: str) -> set[str]:
    """What `source` uses of torch's that torch does not promise."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "torch":
            names = [*(node.module or "").split("."), *(one.name for one in node.names)]
            found |= {name for name in names if name.startswith("_")}
        if isinstance(node, ast.Attribute):
            path = ast.unparse(node)
            if node.attr in OF_MODULES | OF_TENSORS:
                found.add(path)
            if re.match(r"torch\.ops\b|(torch|nn|F)(\.\w+)*?\._[A-Za-z]", path):
                found.add(path)
            if re.fullmatch(r"torch(\.\w+)+", path) and not is_documented(path):
                found.add(path)
    return found


def is_documented(path: str) -> bool:
    found = torch
    for name in path.split(".")[1:]:
        found = getattr(found, name, None)
    return found is None or isinstance(found, NO_DOCSTRING) or bool(found.__doc__)


def test_no_other_file_uses_what_torch_does_not_promise():
    used = {path: private_names(path.read_text()) - DOCUMENTED for path in OTHERS}
    assert {path: names for path, names in used.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "torch.ops.aten.relu(x)",
        "torch._foreach_add(x, y)",
        "torch._C._get()",
        "from torch.nn.modules.batchnorm import _BatchNorm",
        "from torch._dynamo import config",
        "layer._parameters['weight']",
        "nn.modules.batchnorm._BatchNorm",
        "view._base",
        "torch.native_batch_norm(x)",
        "torch.cpu._is_avx512_bf16_supported()",
    ],
)
def test_each_way_to_use_it_is_found(line):
    assert private_names(f"import torch\nfrom torch import nn\n{line}")


def test_the_torch_that_is_installed_is_one_in_which_it_was_seen():
    major, minor, *_ = torch.__version__.split(".")
    assert f"{major}.{minor}" in torch_private.TESTED_VERSIONS, (
        f"torch {torch.__version__} is new here: run all tests, see each name of "
        f"{PRIVATE.name} do what is said of it, then add the version to TESTED_VERSIONS"
    )


def test_what_a_release_took_away_is_named():
    said = (
        rf"torch {re.escape(torch.__version__)} has no torch\.ops\.aten\.gone, .* it was there in 2"
    )
    with pytest.raises(ImportError, match=said):
        torch_private.named("torch.ops.aten.gone")


def test_the_gradient_of_a_relu_is_that_of_autograd():
    inputs = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    outputs = inputs.relu()
    gradient = torch.tensor([3.0, 4.0, 5.0])
    (direct,) = torch.autograd.grad(outputs, inputs, gradient)
    found = torch_private.threshold_backward(gradient, outputs.detach(), 0)
    assert found.tolist() == direct.tolist() == [0, 0, 5]


def test_statistics_and_norms_are_those_of_a_batch():
    inputs = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
    nobodys = torch.zeros(2)
    mean, variance = torch_private.batch_norm_update_stats(inputs, nobodys, nobodys.clone(), 0)
    assert (mean.tolist(), variance.tolist()) == ([2, 20], [1, 100])
    ones, zeros = torch.ones(2), torch.zeros(2)
    normed, _, _ = torch_private.native_batch_norm(
        inputs, ones, zeros, mean, variance, False, 0.0, 0.0
    )
    assert normed.tolist() == [[-1, -1], [1, 1]]
    back, weight, bias = torch_private.native_batch_norm_backward(
        ones.expand(2, 2), inputs, ones, mean, variance, None, None, False, 0.0, [True] * 3
    )
    torch.testing.assert_close(back, torch.tensor([[1.0, 0.1], [1.0, 0.1]]))
    assert (weight.tolist(), bias.tolist()) == ([0, 0], [2, 2])


def test_many_tensors_are_added_and_copied_by_one_call():
    first, second = [torch.ones(2), torch.zeros(1)], [torch.ones(2), torch.ones(1)]
    assert [one.tolist() for one in torch_private.foreach_add(first, second)] == [[2, 2], [1]]
    torch_private.foreach_add_(first, second)
    assert first[0].tolist() == [2, 2]
    torch_private.foreach_copy_(first, second)
    assert [one.tolist() for one in first] == [[1, 1], [1]]


def test_a_linear_layer_is_a_product():
    if torch_private.linear_pointwise is None:
        pytest.skip("this torch is built without oneDNN")
    first, second = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
    found = torch_private.linear_pointwise(first, second, torch.tensor([0.5]), "none", [], "")
    assert found.tolist() == [[11.5]]


def test_numbers_that_are_shared_are_one():
    first, second = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    torch_private.share_tensors(first, second)
    second.weight.data[0], second.running_mean[1] = 7, 8
    assert (first.weight[0].item(), first.running_mean[1].item()) == (7, 8)
    assert isinstance(first, torch_private.BatchNorm)
    assert torch_private.direct_parameters(nn.Linear(1, 1, bias=False))["bias"] is None
    whole = torch.zeros(4)
    assert torch_private.base_of(whole[:2]) is whole
    assert torch_private.base_of(whole) is None


OPTIMIZERS = [
    partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True, fused=True),
    partial(torch.optim.Adam, fused=True),
    partial(torch.optim.AdamW, fused=True),
    partial(torch.optim.Adadelta, foreach=True),
    partial(torch.optim.RMSprop, foreach=True),
]


@pytest.mark.parametrize("make", OPTIMIZERS, ids=lambda make: make.func.__name__)
def test_a_step_is_that_of_the_optimizer_to_the_bit(make):
    """Three steps, for what momenta and counts do."""
    ends = []
    for step in (lambda optimizer: optimizer.step(), torch_private.step_optimizer):
        torch.manual_seed(0)
        layer = nn.Linear(4, 3)
        before = layer.weight.detach().clone()
        optimizer = make(layer.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            layer(torch.ones(2, 4)).square().sum().backward()
            step(optimizer)
        ends.append((layer.weight.detach(), layer.bias.detach()))
    assert all(torch.equal(*pair) for pair in zip(*ends, strict=True))
    assert not torch.equal(ends[0][0], before)
