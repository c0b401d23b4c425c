"""The files of a run's folder by name, as far as they travel in a bundle."""

from toile.data import CORRECTIONS_FILE
from toile.runs.layout import PRUNING, REMARKS
from toile.runs.novelty import NAME as NOVELTY

REQUIRED = ("recipe.yaml", "environment.json", "data.json", "state.json")
WEIGHTS = ("last.safetensors", "best.safetensors")
PICTURES = "pictures.safetensors"
TENSORS = (*WEIGHTS, "validation.safetensors", PICTURES, NOVELTY)
TEXTS = ("history.jsonl", "results.json", "report.html", CORRECTIONS_FILE, PRUNING, REMARKS)
