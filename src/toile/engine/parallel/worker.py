"""`python -m toile.engine.parallel.worker`: a process that computes one part of every batch."""

import contextlib
import sys
from multiprocessing.connection import Connection

import torch

from toile.engine.batches import Batches
from toile.engine.parallel.batch_norm import LeftError
from toile.engine.parallel.channels import send
from toile.engine.parallel.part import Part
from toile.engine.parallel.parts import copy_of_part
from toile.engine.parallel.setup import WorkerSetup, read_setup
from toile.engine.parallel.shared import read_shared
from toile.engine.parallel.workers import STEP, lanes_of, room_of, state_of
from toile.engine.torch_settings import prepare_torch
from toile.network import build_network, freeze
from toile.process import prepare_process


def main(memory: str, setup: str, part: str, *lanes: str) -> None:
    """Compute part `part` of what the first part's process asks for, until that is gone.

    Takes the descriptors of their memory and of a setup's text, and NUMBER:DESCRIPTOR of the lane
    to each other part.
    """
    prepare_process()
    numbered = (lane.split(":") for lane in lanes)
    others = {int(number): Connection(int(file)) for number, file in numbered}
    with contextlib.suppress(LeftError):  # the training ended
        _serve(int(memory), read_setup(read_shared(int(setup))), int(part), others)


def _serve(memory: int, setup: WorkerSetup, part: int, others: dict[int, Connection]) -> None:
    asker = others[0]
    prepare_torch(setup.recipe.training)
    network = build_network(setup.plan, 0)
    start = setup.recipe.training.start
    freeze(network, start.frozen if start is not None else ())
    state = state_of(network)
    room = room_of(memory, setup.forms, len(state), setup.parts)
    for mine, theirs in zip(state, room.state, strict=True):
        mine.data = theirs
    batches = Batches(
        room.images,
        room.labels,
        setup.pixels,
        setup.recipe.augmentation,
        setup.background,
        setup.recipe.training.batch_size,
        setup.recipe.seed,
    )
    if batches.moves or batches.varies:
        batches.padded  # noqa: B018 - made now, since it takes as long as many steps
    meeting = lanes_of(room, part, others)
    own = Part(setup.recipe, copy_of_part(network, setup.plan, meeting, part), part, setup.parts)
    own.train_mode()
    logits, labels, sums, *gradients = room.found[part - 1]
    send(asker, b"ready")
    epoch = None
    while True:
        number, index = STEP.unpack(meeting.receive(0))
        meeting.begin()
        if epoch is None or epoch.number != number:
            epoch = batches.epoch(number)
        found, taken = own.take(epoch, index)
        size = len(found.labels)
        logits[:size] = found.logits
        labels[:size] = found.labels
        sums[0], sums[1] = found.loss, found.entropy
        torch._foreach_copy_(gradients, taken)
        send(asker, size.to_bytes(8, "little"))


if __name__ == "__main__":
    main(*sys.argv[1:])
