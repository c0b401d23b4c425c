"""torch's settings for a training: its threads, and algorithms that give the same bits again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from toile.errors import ToileError
from toile.process import thread_limits
from toile.recipe import Training


def prepare_torch(settings: Training) -> None:
    """Set torch's threads as a resolved recipe says, and make results the same bits every time.

    Raises ToileError where the environment's settings would have torch wait for threads forever.
    """
    threads = int(settings.threads) // int(settings.shards)
    if threads > 1 and (limits := thread_limits()):
        assignments = " and ".join(f"{name}={os.environ[name]}" for name in limits)
        raise ToileError(
            f"training.threads is {settings.threads}, and the environment has {assignments}, "
            "with which torch waits without end for threads that it does not get; unset it before "
            "Python begins, or set training.threads=1"
        )
    torch.set_num_threads(threads)
    # With TF32 a GPU would compute float32 with fewer digits, in scores too.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Some of cuDNN's algorithms add in the order in which threads finish.
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


@contextmanager
def all_threads(settings: Training) -> Iterator[None]:
    """Let torch use every thread of a training whose workers stand still.

    Where the environment limits threads, the number stays as it is.
    """
    before = torch.get_num_threads()
    if not thread_limits():
        torch.set_num_threads(int(settings.threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)
