"""What `auto` means on this machine: device, precision, threads and shards, as was measured."""

import torch

from toile.errors import ToileError
from toile.process import num_cores
from toile.recipe import Plan, Recipe, with_settings
from toile.torch_private import has_avx512_bfloat16

# A second thread pays from this many multiply-adds, or outputs of layers, a step. With fewer,
# waiting for it costs more than it saves. Measured from s1-lab (9 million and 1.7 million) to quick
# (1.7 billion and 17 million), see docs/log.md.
WORTH_MACS = 100_000_000
WORTH_ACTIVATIONS = 4_000_000
MOST_THREADS = 256
IMAGES_A_PART = 16


def resolve(recipe: Recipe, plan: Plan) -> Recipe:
    """`recipe` with every `auto` of its training replaced by what this machine does best.

    Raises ToileError for a device that is not here.
    """
    training = recipe.training
    device = _device(training.device)
    threads = training.threads
    shards = training.shards
    if threads == "auto":
        worth = device == "cpu" and _is_worth_threads(plan, training.batch_size)
        threads = max(_cores() if worth else 1, 1 if shards == "auto" else shards)
    engine = "fast" if training.engine == "auto" else training.engine
    if shards == "auto" and engine == "plain":
        shards = 1
    if shards == "auto":
        shards = _worth_shards(int(threads), training.batch_size) if device == "cpu" else 1
    _refuse_shards(int(shards), int(threads), training.batch_size, device, engine)
    precision = training.precision
    if precision == "auto":
        precision = "bfloat16" if _has_bfloat16(device) else "float32"
    return with_settings(
        recipe,
        {
            "training.device": device,
            "training.threads": threads,
            "training.precision": precision,
            "training.shards": shards,
            "training.engine": engine,
        },
    )


def reasons(recipe: Recipe, plan: Plan) -> list[str]:
    """Why `auto` means what it means here: a sentence for each setting that is `auto`."""
    settings, resolved = recipe.training, resolve(recipe, plan).training
    macs, activations = (
        count * settings.batch_size / 1e6 for count in (plan.macs, plan.activations)
    )
    sentences = []
    if settings.device == "auto":
        present = "there is" if resolved.device == "cuda" else "there is no"
        sentences.append(f"device {resolved.device}: {present} GPU of CUDA's here")
    if settings.threads == "auto" and resolved.device == "cpu":
        sentences.append(
            f"threads {resolved.threads}: {_cores()} cores, and a step is {macs:,.0f} million "
            f"multiply-adds, with {activations:,.1f} million outputs of layers; more threads "
            f"are faster from {WORTH_MACS / 1e6:,.0f} million multiply-adds or "
            f"{WORTH_ACTIVATIONS / 1e6:,.0f} million outputs on"
        )
    if settings.shards == "auto" and resolved.device == "cpu":
        sentences.append(
            f"shards {resolved.shards}: of {resolved.threads} threads, with at least "
            f"{IMAGES_A_PART} of {settings.batch_size} images each"
        )
    if settings.precision == "auto":
        present = "has" if resolved.precision == "bfloat16" else "lacks"
        sentences.append(f"precision {resolved.precision}: {resolved.device} {present} bfloat16")
    return sentences


def alternatives(recipe: Recipe, plan: Plan) -> list[Recipe]:
    """`recipe` in every way this machine may train it, first the one that `auto` means."""
    chosen = resolve(recipe, plan)
    cores = _cores()
    divisions = {(1, 1), (cores, 1), (cores, _worth_shards(cores, recipe.training.batch_size))}
    ways = [
        ("cpu", threads, shards, precision)
        for precision in _precisions("cpu")
        for threads, shards in sorted(divisions)
    ]
    if torch.cuda.is_available():
        ways += [("cuda", 1, 1, precision) for precision in _precisions("cuda")]
    names = ("device", "threads", "shards", "precision")
    engine = chosen.training.engine
    candidates = [
        with_settings(
            recipe,
            {f"training.{name}": value for name, value in zip(names, way, strict=True)}
            | {"training.engine": engine},
        )
        for way in ways
        if engine != "plain" or way[2] == 1
    ]
    return [chosen, *(candidate for candidate in candidates if candidate != chosen)]


def _precisions(device: str) -> list[str]:
    return ["float32", "bfloat16"] if _has_bfloat16(device) else ["float32"]


def _is_worth_threads(plan: Plan, batch_size: int) -> bool:
    return (
        plan.macs * batch_size >= WORTH_MACS or plan.activations * batch_size >= WORTH_ACTIVATIONS
    )


def _worth_shards(threads: int, batch_size: int) -> int:
    """The most shards that divide the threads evenly, with enough images for each."""
    most = min(threads, max(1, batch_size // IMAGES_A_PART))
    return max(count for count in range(1, most + 1) if threads % count == 0)


def _refuse_shards(shards: int, threads: int, batch_size: int, device: str, engine: str) -> None:
    if shards > 1 and engine == "plain":
        raise ToileError(
            f"training.shards is {shards}, and training.engine plain, which computes each "
            "batch whole. Set one of them: shards=1 or engine=fast"
        )
    if shards > 1 and device != "cpu":
        raise ToileError(
            f"training.shards is {shards}, and training.device {device}; only a processor's "
            "cores compute parts of a batch side by side. Set one of them: shards=1 or device=cpu"
        )
    most, setting = min((threads, "training.threads"), (batch_size, "training.batch_size"))
    if shards > most:
        raise ToileError(
            f"training.shards is {shards}, and {setting} {most}; each part has a thread and an "
            f"image, so it goes up to {most}"
        )


def _device(device: str) -> str:
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if device == "auto":
        # mps must be asked for by name: it was never measured here.
        return "cuda" if available["cuda"] else "cpu"
    if not available[device]:
        known = ", ".join(name for name, present in available.items() if present)
        raise ToileError(f"training.device is {device}, which this machine lacks; it has {known}")
    return device


def _cores() -> int:
    return min(num_cores(), MOST_THREADS)


def _has_bfloat16(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    return device == "cpu" and has_avx512_bfloat16()
