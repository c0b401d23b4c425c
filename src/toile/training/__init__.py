"""Training: a recipe, a plan and a split make a `Fit`; `train` moves it and yields events.

Images are uint8 (n, c, h, w), labels int64 (n,), logits float32 (n, k). Knows no runs: the
listener of the events decides what is kept.
"""

from toile.engine import all_threads, prepare_torch
from toile.training.device import alternatives, reasons, resolve
from toile.training.events import (
    Diverged,
    Epoch,
    EpochScore,
    Event,
    Finished,
    Interval,
    Scoring,
    StartScored,
    Stepped,
)
from toile.training.fit import Fit, Position, begin
from toile.training.loop import train
from toile.training.probe import Probe, probe
from toile.training.stacked.many import split_events, train_many
from toile.training.transfer import copy_layers, fill_start

__all__ = [
    "Diverged",
    "Epoch",
    "EpochScore",
    "Event",
    "Finished",
    "Fit",
    "Interval",
    "Position",
    "Probe",
    "Scoring",
    "StartScored",
    "Stepped",
    "all_threads",
    "alternatives",
    "begin",
    "copy_layers",
    "fill_start",
    "prepare_torch",
    "probe",
    "reasons",
    "resolve",
    "split_events",
    "train",
    "train_many",
]
