"""What is used of torch that torch does not promise: all of it goes through here.

Names with an underscore, operators under `torch.ops`, and functions that its documentation does not
have. Each is there, and does what is said of it, in the versions of `TESTED_VERSIONS`.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

TESTED_VERSIONS = ("2.13",)
"""Versions of torch, by their first two numbers. One more belongs here when all tests passed."""


def named(path: str) -> Any:
    """What torch has under `path`. Raises ImportError, naming it, where a release took it away."""
    value: Any = torch
    for name in path.split(".")[1:]:
        value = getattr(value, name, None)
        if value is None:
            raise ImportError(
                f"torch {torch.__version__} has no {path}, which Toile uses and torch never "
                f"promised; it was there in {', '.join(TESTED_VERSIONS)}: install that, or put "
                "what took its place into toile/torch_private.py"
            )
    return value


# The gradient of a ReLU from its outputs, in one pass: x > 0 keeps what comes, else 0.
threshold_backward: Callable[[Tensor, Tensor, int], Tensor] = named(
    "torch.ops.aten.threshold_backward"
)
# A batch norm by given statistics, its gradients, and the statistics alone.
native_batch_norm: Callable[..., tuple[Tensor, Tensor, Tensor]] = named("torch.native_batch_norm")
native_batch_norm_backward: Callable[..., tuple[Tensor, Tensor, Tensor]] = named(
    "torch.ops.aten.native_batch_norm_backward"
)
batch_norm_update_stats: Callable[..., tuple[Tensor, Tensor]] = named(
    "torch.batch_norm_update_stats"
)
# Many tensors by one call each, as torch's own optimisers do it.
foreach_add: Callable[..., tuple[Tensor, ...]] = named("torch._foreach_add")
foreach_add_: Callable[..., None] = named("torch._foreach_add_")
foreach_copy_: Callable[..., None] = named("torch._foreach_copy_")
# What torch.compile makes of a linear layer on a CPU; builds without oneDNN have none.
linear_pointwise: Callable[..., Tensor] | None = getattr(
    torch.ops.mkldnn, "_linear_pointwise", None
)
# A batch norm of any number of dimensions.
BatchNorm: Any = named("torch.nn.modules.batchnorm._BatchNorm")
has_avx512_bfloat16: Callable[[], bool] = named("torch.cpu._is_avx512_bf16_supported")

# torch's optimisers import torch.compile's machinery when they are made and again at each step:
# 1.2 s of processor and 72 MB in each process, of which one that is not compiled uses nothing.
for _wrapped in ("add_param_group", "load_state_dict", "state_dict", "zero_grad"):
    _plain = inspect.unwrap(getattr(torch.optim.Optimizer, _wrapped))
    _plain.__dict__.setdefault("__dynamo_disable", _plain)


def step_optimizer(optimizer: torch.optim.Optimizer) -> None:
    """What `optimizer.step()` does to the weights, without its hooks and without torch.compile."""
    with torch.no_grad():
        inspect.unwrap(type(optimizer).step)(optimizer)


def base_of(view: Tensor) -> Tensor | None:
    """The tensor that `view` is a view of; None where it is none."""
    return view._base


def direct_parameters(module: nn.Module) -> dict[str, nn.Parameter | None]:
    """The module's own parameters by name, those it was built without as None; the dict itself."""
    return module._parameters


def share_tensors(copy: nn.Module, source: nn.Module) -> None:
    """Make the parameters and buffers of `own` those of `copy`, as the very same tensors."""
    copy._parameters.update(source._parameters)
    copy._buffers.update(source._buffers)


def direct_modules(module: nn.Module) -> dict[str, nn.Module | None]:
    """The module's own parts by name, one that stands in two places twice; the dict itself."""
    return module._modules


def has_hooks(module: nn.Module) -> bool:
    """Whether code runs before or after the module's forward."""
    return bool(module._forward_hooks or module._forward_pre_hooks)
