"""Writes a run for TensorBoard: an event file in a folder with the run's name."""

import logging
from collections.abc import Mapping
from pathlib import Path

from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.export.tracked import TrackedRun
from toile.files import writing


def write_tensorboard(tracked: TrackedRun, folder: Path, force: bool = False) -> Path:
    """Write `folder`/NAME, which `tensorboard --logdir folder` shows, and return it.

    The step of a scalar is its epoch, and its time the end of that epoch. Raises ToileError if
    TensorBoard is not installed, or if the run exists, unless `force` replaces it.
    """
    with extra_packages("tensorboard", "writing for TensorBoard"):
        import tensorboard  # type: ignore[import-untyped] # noqa: F401
    from torch.utils.tensorboard import SummaryWriter

    run = folder / tracked.name
    with writing(run):
        run.mkdir(parents=True, exist_ok=True)
    events = sorted(run.glob("events.out.tfevents.*")) if run.is_dir() else []
    if events and not force:
        raise ToileError(
            f"{run} already exists and is not overwritten; name another folder, or add --force (in "
            "Python force=True)"
        )
    # TensorBoard warns that TensorFlow is missing, which is not needed here.
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    begun = tracked.begun.timestamp()
    with writing(run), SummaryWriter(run) as writer:
        for name, points in tracked.curves.items():
            for point in points:
                writer.add_scalar(name, point.value, point.epoch, begun + point.seconds)
        end = max((points[-1].epoch for points in tracked.curves.values() if points), default=0)
        for name, value in tracked.final_values.items():
            writer.add_scalar(f"score/{name}", value, end)
        for name, figure in tracked.figures.items():
            writer.add_figure(name, figure, end, close=False)
        writer.add_text("about", tracked.meaning)
        writer.add_text("settings", _table(tracked.settings))
    for file in events:
        file.unlink()
    return run


def _table(settings: Mapping[str, str]) -> str:
    cells = ((name, value.replace("|", "\\|")) for name, value in settings.items())
    return "\n".join(["| setting | value |", "|---|---|", *(f"| {n} | {v} |" for n, v in cells)])
