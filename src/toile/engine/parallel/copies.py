"""Copies of a network that share its weights, for computing the parts of a batch side by side."""

from collections import OrderedDict

from torch import nn

from toile.engine.parallel.batch_norm import AllGather, SyncBatchNorm, ThreadAllGather
from toile.network import build_network
from toile.recipe import Plan
from toile.torch_private import BatchNorm, share_tensors


def sharded_copies(
    network: nn.Sequential, plan: Plan, count: int
) -> tuple[tuple[nn.Sequential, ...], ThreadAllGather]:
    """`count` copies of the `network` of `plan`, and the all-gather of their batch norms.

    The copies share the network's weights and running statistics. Run each in its own thread on its
    part of a batch, all at the same time, for batch norms wait for each other.
    """
    all_gather = ThreadAllGather(count)
    return tuple(
        copy_for_shard(network, plan, all_gather, part) for part in range(count)
    ), all_gather


def copy_for_shard(
    network: nn.Sequential, plan: Plan, all_gather: AllGather, part: int
) -> nn.Sequential:
    """The copy for one part, whose batch norms exchange statistics by `all_gather`."""
    # Built anew, for generators of dropout layers do not copy.
    copy = build_network(plan, 0)
    for name, module in list(copy.named_modules()):
        original = network.get_submodule(name)
        share_tensors(module, original)
        if isinstance(module, BatchNorm):
            copy.set_submodule(name, SyncBatchNorm(module, all_gather, part))
    return nn.Sequential(OrderedDict(copy.named_children()))
