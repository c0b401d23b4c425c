"""`python -m toile.training.partner`: a process that computes one part of every batch."""

import signal
import sys
from multiprocessing.connection import Connection

import torch

from toile.network import LeftError, build_network, copy_of_part
from toile.process import prepare_process
from toile.training.batches import Batches
from toile.training.device import prepare_torch
from toile.training.lanes import Lanes, received
from toile.training.part import Part
from toile.training.partners import STEP, Task, room_of, state_of
from toile.training.transfer import freeze


def main(descriptor: str, *lanes: str) -> None:
    """Compute what the first part's process asks for, until it is gone.

    Takes the descriptor of their memory, and NUMBER:DESCRIPTOR of the lane to each other part.
    """
    prepare_process()
    # Ctrl-C reaches every process of a terminal: the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    numbered = (lane.split(":") for lane in lanes)
    others = {int(number): Connection(int(file)) for number, file in numbered}
    try:
        _serve(int(descriptor), others)
    except (EOFError, OSError, LeftError):
        return  # the training ended


def _serve(descriptor: int, others: dict[int, Connection]) -> None:
    asker = others[0]
    task: Task = asker.recv()
    prepare_torch(task.recipe.training)
    network = build_network(task.plan, 0)
    start = task.recipe.training.start
    freeze(network, start.frozen if start is not None else ())
    state = state_of(network)
    room = room_of(descriptor, task.forms, len(state), task.parts)
    for mine, theirs in zip(state, room.state, strict=True):
        mine.data = theirs
    batches = Batches(
        room.images,
        room.labels,
        task.pixels,
        task.recipe.augmentation,
        task.background,
        task.recipe.training.batch_size,
        task.recipe.seed,
    )
    copy = copy_of_part(network, task.plan, Lanes(others), task.part)
    part = Part(task.recipe, copy, task.part, task.parts)
    part.train_mode()
    logits, labels, sums, *gradients = room.found[task.part - 1]
    asker.send_bytes(b"ready")
    epoch = None
    while True:
        number, index = STEP.unpack(received(asker))
        if epoch is None or epoch.number != number:
            epoch = batches.epoch(number)
        found, taken = part.take(epoch, index)
        size = len(found.labels)
        logits[:size] = found.logits
        labels[:size] = found.labels
        sums[0], sums[1] = found.loss, found.entropy
        torch._foreach_copy_(gradients, taken)
        asker.send_bytes(size.to_bytes(8, "little"))


if __name__ == "__main__":
    main(*sys.argv[1:])
