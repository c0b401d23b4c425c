"""What a process must know to compute a part of every batch, and how it is sent."""

import json
from typing import NamedTuple

import torch

from toile.engine.parallel.shared import TensorSpec
from toile.network import Pixels
from toile.recipe import Plan, Recipe, plan_network, read_recipe_text, recipe_text


class WorkerSetup(NamedTuple):
    """The recipe, its network's `plan`, and what `Batches` take beside the images.

    A batch has so many `parts`, and the tensors they share have `specs`, as in `SharedBuffers`.
    """

    recipe: Recipe
    plan: Plan
    pixels: Pixels
    background: tuple[float, ...]
    parts: int
    specs: list[TensorSpec]

    def text(self) -> bytes:
        """All of it, to be read by `read_setup`."""
        specs = [(spec.shape, spec.stride, str(spec.dtype)) for spec in self.specs]
        return json.dumps(
            {
                "recipe": recipe_text(self.recipe, complete=True),
                "shape": self.plan.input,
                "classes": self.plan.classes,
                "mean": self.pixels.mean,
                "sd": self.pixels.sd,
                "background": self.background,
                "parts": self.parts,
                "specs": specs,
            }
        ).encode()


def read_setup(text: bytes) -> WorkerSetup:
    """The setup of which `text` tells."""
    said = json.loads(text)
    recipe = read_recipe_text(said["recipe"], "the training's recipe")
    return WorkerSetup(
        recipe,
        plan_network(recipe.network, tuple(said["shape"]), said["classes"]),
        Pixels(tuple(said["mean"]), tuple(said["sd"])),
        tuple(said["background"]),
        said["parts"],
        [
            TensorSpec(tuple(shape), tuple(stride), getattr(torch, dtype.removeprefix("torch.")))
            for shape, stride, dtype in said["specs"]
        ],
    )
