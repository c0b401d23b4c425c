"""Gradients in the memory layout of their weights."""

import torch
from torch import Tensor


def laid_out_as(weight: Tensor, gradient: Tensor) -> Tensor:
    """`gradient` in the memory layout of `weight`, as torch's fused optimisers need it.

    They read memory in order and ignore strides. backward() gives gradients in the weights' layout,
    torch.autograd.grad does not.
    """
    if gradient.stride() == weight.stride():
        return gradient
    return torch.empty_like(weight).copy_(gradient)
