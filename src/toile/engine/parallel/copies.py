"""Copies of a network that share its weights, for computing the parts of a batch side by side."""

from collections import OrderedDict

from torch import nn

from toile.engine.parallel.batch_norm import AllGather, SyncBatchNorm, ThreadAllGather
from toile.network import Sequence, build_network
from toile.recipe import Plan
from toile.torch_private import BatchNorm, share_tensors


def sharded_copies(
    network: nn.Sequential, plan: Plan, count: int
) -> tuple[tuple[nn.Sequential, ...], ThreadAllGather]:
    """`count` copies of the `network` of `plan`, and where their threads exchange statistics.

    The copies' weights and running statistics are the network's own. Each is to be run by a thread
    of its own on its part of a batch, all of them at once, for batch norms wait for each other.
    """
    all_gather = ThreadAllGather(count)
    return tuple(
        copy_for_shard(network, plan, all_gather, part) for part in range(count)
    ), all_gather


def copy_for_shard(
    network: nn.Sequential, plan: Plan, all_gather: AllGather, part: int
) -> nn.Sequential:
    """The copy for one part alone, whose batch norms exchange statistics by `all_gather`."""
    # Built anew, for generators of dropout layers do not copy.
    copy = build_network(plan, 0)
    for name, module in list(copy.named_modules()):
        own = network.get_submodule(name)
        share_tensors(module, own)
        if isinstance(module, BatchNorm):
            copy.set_submodule(name, SyncBatchNorm(module, all_gather, part))
    return Sequence(OrderedDict(copy.named_children()))
