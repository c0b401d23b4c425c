"""The files of a run's folder by name, as far as they travel in a bundle."""

import re

from toile.data import CORRECTIONS_FILE
from toile.runs.layout import BASELINES, IMPORT, NOVELTY, PRUNING, REMARKS, ROBUSTNESS

REQUIRED = ("recipe.yaml", "environment.json", "data.json", "state.json")
WEIGHTS = ("last.safetensors", "best.safetensors")
PICTURES = "pictures.safetensors"
TENSORS = (*WEIGHTS, "validation.safetensors", PICTURES, NOVELTY)
KEPT_EPOCH = re.compile(r"(epochs|census)/epoch-[1-9][0-9]{0,5}\.safetensors")
"""Weights or counts of an epoch, where the recipe keeps them."""
TEXTS = (
    "history.jsonl",
    "results.json",
    "report.html",
    CORRECTIONS_FILE,
    PRUNING,
    IMPORT,
    BASELINES,
    ROBUSTNESS,
    REMARKS,
)
