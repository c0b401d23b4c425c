"""Group norms of ONNX files, which torch writes as a norm of rows between two reshapes."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from toile.conversion.graph import Node
from toile.conversion.onnx_graph import OnnxStep

GROUP_NORM = "GroupNormOfRows"
"""What such nodes are called as one: they have a factor and an offset for each channel."""


def with_group_norms(nodes: Sequence[Node[OnnxStep]]) -> Iterator[Node[OnnxStep]]:
    """`nodes` with those that compute one group norm together as one node.

    torch makes rows of the groups (Reshape), norms each (InstanceNormalization), makes pictures of
    them again (Reshape), and then has a factor and an offset for each channel (Mul and Add).
    """
    readers: dict[str, list[Node[OnnxStep]]] = {}
    for node in nodes:
        for tensor in node.inputs:
            readers.setdefault(tensor, []).append(node)
    inside: set[int] = set()
    for node in nodes:
        if id(node) in inside:
            continue
        path = _path(node, readers)
        norm = _group_norm(path) if len(path) > 2 else None
        if norm is None:
            yield node
            continue
        inside |= {id(part) for part in path}
        yield norm


def _path(first: Node[OnnxStep], readers: dict[str, list[Node[OnnxStep]]]) -> list[Node[OnnxStep]]:
    """The nodes behind `first`, in the order of a group norm, as far as they go."""
    path = [first]
    for operator in ("InstanceNormalization", "Reshape", "Mul", "Add"):
        following = readers.get(path[-1].output, [])
        if len(following) != 1 or following[0].content.operator != operator:
            break
        if len(following[0].inputs) != 1:
            break
        path.append(following[0])
    return path if first.content.operator == "Reshape" else []


def _group_norm(path: Sequence[Node[OnnxStep]]) -> Node[OnnxStep] | None:
    """The nodes of `path` as one; None if they are not of whole groups of channels."""
    rows, norm, pictures, *channels = (node.content for node in path)
    target, final = rows.constant(1), pictures.constant(1)
    scale, offset = norm.constant(1), norm.constant(2)
    if target is None or final is None or scale is None or offset is None:
        return None
    if target.size != 3 or final.size != 4:
        return None
    _, groups, length = (int(side) for side in target.ravel())
    _, *shape = (int(side) for side in final.ravel())
    if min(*shape, groups) < 1 or shape[0] % groups:
        return None
    if length not in (-1, math.prod(shape) // groups):
        return None
    weight, bias = (
        np.repeat(np.ravel(value), shape[0] // groups).astype(np.float64)
        for value in (scale, offset)
    )
    for step in channels:
        value = next(constant for constant in step.constants if constant is not None)
        if value.size != 1 and value.shape[-3:] != (shape[0], 1, 1):
            return None
        if step.operator == "Mul":
            weight, bias = weight * value.ravel(), bias * value.ravel()
        else:
            bias = bias + value.ravel()
    attributes: dict[str, Any] = {
        "num_groups": groups,
        "epsilon": norm.attributes.get("epsilon", 1e-5),
        "shape": tuple(shape),
    }
    step = OnnxStep(GROUP_NORM, attributes, (None, weight, bias))
    return Node(path[1].name, path[0].inputs[:1], path[-1].output, step)
