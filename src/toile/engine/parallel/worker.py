"""`python -m toile.engine.parallel.worker`: a process that computes one part of every batch."""

import contextlib
import sys
from multiprocessing.connection import Connection

from toile.engine.batches import Batches
from toile.engine.parallel.batch_norm import WorkerLostError
from toile.engine.parallel.channels import send
from toile.engine.parallel.copies import copy_for_shard
from toile.engine.parallel.setup import WorkerSetup, read_setup
from toile.engine.parallel.shard import Shard
from toile.engine.parallel.shared import read_shared
from toile.engine.parallel.workers import STEP, channels_of, shared_buffers, state_of
from toile.engine.torch_settings import prepare_torch
from toile.network import build_network, freeze
from toile.process import prepare_process
from toile.torch_private import foreach_copy_


def main(memory: str, setup: str, part: str, *channels: str) -> None:
    """Compute part `part` of every batch the training's process asks for, until that ends.

    The arguments are the descriptors of the shared memory and of the setup's text, and
    PART:DESCRIPTOR of the channel to each other part.
    """
    prepare_process()
    numbered = (channel.split(":") for channel in channels)
    connections = {int(number): Connection(int(file)) for number, file in numbered}
    with contextlib.suppress(WorkerLostError):  # the training ended
        _serve(int(memory), read_setup(read_shared(int(setup))), int(part), connections)


def _serve(memory: int, setup: WorkerSetup, part: int, connections: dict[int, Connection]) -> None:
    trainer = connections[0]
    prepare_torch(setup.recipe.training)
    network = build_network(setup.plan, 0)
    start = setup.recipe.training.start
    freeze(network, start.frozen if start is not None else ())
    state = state_of(network)
    buffers = shared_buffers(memory, setup.specs, len(state), setup.parts)
    for tensor, shared in zip(state, buffers.state, strict=True):
        tensor.data = shared
    batches = Batches(
        buffers.images,
        buffers.labels,
        setup.pixels,
        setup.recipe.augmentation,
        setup.background,
        setup.recipe.training.batch_size,
        setup.recipe.seed,
    )
    # Now, since it takes as long as many steps.
    batches.prepare()
    all_gather = channels_of(buffers, part, connections)
    shard = Shard(
        setup.recipe, copy_for_shard(network, setup.plan, all_gather, part), part, setup.parts
    )
    shard.train_mode()
    logits, labels, sums, *gradients = buffers.results[part - 1]
    send(trainer, b"ready")
    epoch = None
    while True:
        number, index = STEP.unpack(all_gather.receive(0))
        all_gather.begin()
        if epoch is None or epoch.number != number:
            epoch = batches.epoch(number)
        result, computed = shard.compute(epoch, index)
        size = len(result.labels)
        logits[:size] = result.logits
        labels[:size] = result.labels
        sums[0], sums[1] = result.loss, result.cross_entropy
        foreach_copy_(gradients, computed)
        send(trainer, size.to_bytes(8, "little"))


if __name__ == "__main__":
    main(*sys.argv[1:])
