import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toile.evaluation import accuracy, cross_entropy
from toile.recipe import Plan, plan_network, recipe_of, recipe_text
from toile.runs import History, Run
from toile.runs.state import State, write_state
from toile.runs.tensors import save_arrays

RECIPE = {
    "name": "small",
    "network": [
        {"conv": {"filters": 2, "kernel": 3, "padding": "same"}},
        {"residual": {"layers": [{"conv": {"filters": 2, "kernel": 1}}]}},
        "flatten",
        {"dense": "classes"},
    ],
}
# Rows of odds 3:1, so the sure answers are held at three quarters.
LABELS = np.array([0, 0, 1, 1], np.int64)
LOGITS = np.log(np.array([[3, 1], [1, 3], [1, 3], [1, 3]], np.float32))
PIXELS = np.arange(4, dtype=np.uint8).repeat(16).reshape(4, 1, 4, 4) * 60


@pytest.fixture(scope="module", autouse=True)
def drawn_for_users(with_figures: None) -> None:
    """These tests are of figures too."""


def epoch_record(epoch: int, accuracy: float, loss: float | None, best: bool) -> dict[str, Any]:
    return {
        "kind": "epoch",
        "epoch": epoch,
        "step": 10 * epoch,
        "training": {"loss": loss, "accuracy": accuracy},
        "validation": {"loss": loss, "accuracy": accuracy},
        "holdout": {"loss": loss, "accuracy": accuracy},
        "selection": {"loss": loss, "accuracy": accuracy},
        "best": best,
        "learning_rate": 0.01,
        "seconds": 12.3,
        "evaluation_seconds": 0.8,
        "total_seconds": 13.1 * epoch,
    }


def step_record(step: int, loss: float | None) -> dict[str, Any]:
    return {
        "kind": "step",
        "epoch": 1 + (step - 1) // 10,
        "step": step,
        "loss": loss,
        "accuracy": 0.5,
        "learning_rate": 0.01,
        "seconds": float(step),
        "images_per_second": 5200.0,
    }


@pytest.fixture
def history() -> History:
    """Three epochs of ten steps; the second was the best."""
    return History(
        tuple(step_record(step, 2 - step / 20) for step in (5, 10, 15, 20, 25, 30)),
        (
            epoch_record(1, 0.80, 0.6, best=True),
            epoch_record(2, 0.90, 0.3, best=True),
            epoch_record(3, 0.85, 0.4, best=False),
        ),
    )


@pytest.fixture
def no_epoch() -> History:
    """Two steps into the first epoch."""
    return History((step_record(2, 1.9), step_record(4, 1.8)), ())


MakeRun = Callable[..., tuple[Run, Plan]]


@pytest.fixture
def make_run(tmp_path: Path, history: History) -> MakeRun:
    """A run folder as the runs room writes it, ended unless `status` says running."""

    def make(
        status: str = "finished",
        class_names: Sequence[str] = ("cat", "dog"),
        records: History = history,
        logits: np.ndarray | None = LOGITS,
        **recipe: Any,
    ) -> tuple[Run, Plan]:
        folder = tmp_path / "20260102-030405-small-ab12"
        folder.mkdir()
        model = recipe_of(RECIPE | recipe)
        (folder / "recipe.yaml").write_text(recipe_text(model))
        write_state(folder, State(status, "small", "pets", 0, 3, "2026-01-02", 1))
        lines = [json.dumps(record) + "\n" for record in records.steps + records.epochs]
        (folder / "history.jsonl").write_text("".join(lines))
        (folder / "data.json").write_text(json.dumps(data_record(list(class_names))))
        (folder / "environment.json").write_text(json.dumps(ENVIRONMENT))
        if logits is not None:
            arrays = {"logits": logits, "labels": LABELS, "indices": np.arange(4)}
            stored = arrays | {"selection": np.array([0, 1, 0, 1], np.uint8)}
            save_arrays(folder / "validation.safetensors", stored)
            if status != "running":
                (folder / "results.json").write_text(json.dumps(results_record(status, logits)))
        return Run(folder), plan_network(model.network, (1, 4, 4), len(class_names))

    return make


ENVIRONMENT = {
    "version": 1,
    "toile": "0.1.0",
    "python": "3.11.7",
    "torch": "2.13.0",
    "numpy": "2.4.6",
    "system": "Linux 6.1",
    "machine": "x86_64",
    "processor": "AMD EPYC",
    "cores": 2,
    "device": "cpu",
    "threads": 2,
    "precision": "bfloat16",
}


def data_record(class_names: list[str]) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "pets",
        "path": "/data/pets",
        "class_names": class_names,
        "shape": [1, 4, 4],
        "mean": [0.25],
        "sd": [0.2],
        "border_grey": [60.0],
        "margins": {"top": 0.0, "right": 0.0, "bottom": 0.0, "left": 0.0},
        "order": "b2" * 32,
        "fingerprint": "0f" * 32,
        "test_fingerprint": "a1" * 32,
        "release": "2026",
        "train": 12000,
        "validation": 4,
        "test": 100,
        "scaling": "unit",
    }


def results_record(status: str, logits: np.ndarray) -> dict[str, Any]:
    score = accuracy(logits, LABELS).to_json()
    loss = cross_entropy(logits, LABELS)
    return {
        "version": 1,
        "state": status,
        "epochs": 3,
        "steps": 30,
        "parameters": 72,
        "macs": 648,
        "weights": {"last": "c3" * 32, "best": "c4" * 32},
        "validation": {"accuracy": score, "loss": loss if np.isfinite(loss) else None},
        "score": {"accuracy": score, "of": "validation", "weights": "last"},
        "best": {"epoch": 2, "accuracy": score, "of": "the scoring half of validation"},
        "convergence": [],
        "seconds": {
            "total": 39.3,
            "training": 36.9,
            "evaluation": 2.4,
            "first_epoch": 12.3,
            "per_epoch": 12.3,
        },
    }


@pytest.fixture
def pixels() -> np.ndarray:
    """The validation images of `make_run`: picture i has the one grey 60 i."""
    return PIXELS
