"""`python -m toile.training.partner`: a process that computes one part of every batch."""

import contextlib
import sys
from multiprocessing.connection import Connection

import torch

from toile.network import LeftError, build_network, copy_of_part
from toile.process import prepare_process
from toile.training.batches import Batches
from toile.training.device import prepare_torch
from toile.training.lanes import send
from toile.training.part import Part
from toile.training.partners import STEP, lanes_of, room_of, state_of
from toile.training.shared import read_shared
from toile.training.task import Task, read_task
from toile.training.transfer import freeze


def main(memory: str, task: str, part: str, *lanes: str) -> None:
    """Compute part `part` of what the first part's process asks for, until that is gone.

    Takes the descriptors of their memory and of a task's text, and NUMBER:DESCRIPTOR of the lane to
    each other part.
    """
    prepare_process()
    numbered = (lane.split(":") for lane in lanes)
    others = {int(number): Connection(int(file)) for number, file in numbered}
    with contextlib.suppress(LeftError):  # the training ended
        _serve(int(memory), read_task(read_shared(int(task))), int(part), others)


def _serve(memory: int, task: Task, part: int, others: dict[int, Connection]) -> None:
    asker = others[0]
    prepare_torch(task.recipe.training)
    network = build_network(task.plan, 0)
    start = task.recipe.training.start
    freeze(network, start.frozen if start is not None else ())
    state = state_of(network)
    room = room_of(memory, task.forms, len(state), task.parts)
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
    if batches.moves or batches.varies:
        batches.padded  # noqa: B018 - made now, since it takes as long as many steps
    meeting = lanes_of(room, part, others)
    own = Part(task.recipe, copy_of_part(network, task.plan, meeting, part), part, task.parts)
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
