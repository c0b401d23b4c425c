"""What `auto` means here: device, precision and threads, measured or known, never guessed later."""

import os

import torch

from toile.errors import ToileError
from toile.recipe import Plan, Recipe, Training, with_settings

# From so many multiply-adds a step a second thread pays; below, waiting for it costs more than it
# does. Measured from s1-lab (9 million) to quick (1.7 billion), see docs/log.md.
WORTH_THREADS = 150_000_000
MOST_THREADS = 256


def resolve(recipe: Recipe, plan: Plan) -> Recipe:
    """`recipe` with every `auto` of its training replaced by what this machine does best.

    Raises ToileError for a device that is not here.
    """
    training = recipe.training
    device = _device(training.device)
    threads = training.threads
    if threads == "auto":
        worth = device == "cpu" and plan.macs * training.batch_size >= WORTH_THREADS
        threads = _cores() if worth else 1
    precision = training.precision
    if precision == "auto":
        precision = "bfloat16" if _has_bfloat16(device) else "float32"
    return with_settings(
        recipe,
        {
            "training.device": device,
            "training.threads": threads,
            "training.precision": precision,
        },
    )


def _device(wanted: str) -> str:
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if wanted == "auto":
        # mps is left to who asks for it: it was never measured here.
        return "cuda" if here["cuda"] else "cpu"
    if not here[wanted]:
        known = ", ".join(name for name, present in here.items() if present)
        raise ToileError(f"training.device is {wanted}, which this machine lacks; it has {known}")
    return wanted


def _cores() -> int:
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(here or 1, MOST_THREADS)


def _has_bfloat16(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    return device == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def prepare_torch(settings: Training) -> None:
    """Make this process compute as a resolved recipe says: its threads, and the same bits again."""
    torch.set_num_threads(int(settings.threads))
    # TF32 would make float32 on a GPU mean less than it says, in scores too.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Of cuDNN's algorithms some add in whatever order threads finish.
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
