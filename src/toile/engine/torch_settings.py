"""What this process tells torch before it computes: its threads, and no sums in any order."""

import os

import torch

from toile.errors import ToileError
from toile.process import thread_limits
from toile.recipe import Training


def prepare_torch(settings: Training) -> None:
    """Make this process compute as a resolved recipe says: its threads, and the same bits again.

    Raises ToileError where its environment has torch wait for threads without end.
    """
    threads = int(settings.threads) // int(settings.replicas)
    if threads > 1 and (limits := thread_limits()):
        said = " and ".join(f"{name}={os.environ[name]}" for name in limits)
        raise ToileError(
            f"training.threads is {settings.threads}, and the environment has {said}, with which "
            "torch waits without end for threads that it does not get; unset it before Python "
            "begins, or set training.threads=1"
        )
    torch.set_num_threads(threads)
    # TF32 would make float32 on a GPU mean less than it says, in scores too.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Of cuDNN's algorithms some add in whatever order threads finish.
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
