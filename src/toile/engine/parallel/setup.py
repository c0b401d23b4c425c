"""The setup that a worker process needs to compute a part of every batch, and its JSON form."""

import json
from typing import NamedTuple

import torch

from toile.engine.parallel.shared import TensorSpec
from toile.network import Pixels
from toile.recipe import Plan, Recipe, plan_network, read_recipe_text, recipe_text


class WorkerSetup(NamedTuple):
    """The recipe, its network's `plan`, and the arguments of `Batches` other than the images.

    A batch has `parts` parts, and the tensors they share have `specs`, as in `SharedBuffers`.
    """

    recipe: Recipe
    plan: Plan
    pixels: Pixels
    background: tuple[float, ...]
    parts: int
    specs: list[TensorSpec]

    def text(self) -> bytes:
        """The setup as JSON, for `read_setup`."""
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
    """The setup that `WorkerSetup.text` wrote."""
    fields = json.loads(text)
    recipe = read_recipe_text(fields["recipe"], "the training's recipe")
    return WorkerSetup(
        recipe,
        plan_network(recipe.network, tuple(fields["shape"]), fields["classes"]),
        Pixels(tuple(fields["mean"]), tuple(fields["sd"])),
        tuple(fields["background"]),
        fields["parts"],
        [
            TensorSpec(tuple(shape), tuple(stride), getattr(torch, dtype.removeprefix("torch.")))
            for shape, stride, dtype in fields["specs"]
        ],
    )
