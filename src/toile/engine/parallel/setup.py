"""What a process must know to compute a part of every batch, and the form it is told in."""

import json
from typing import NamedTuple

import torch

from toile.engine.parallel.shared import Form
from toile.network import Pixels
from toile.recipe import Plan, Recipe, plan_network, read_value, recipe_of, recipe_text


class WorkerSetup(NamedTuple):
    """The recipe, its network's `plan`, and what `Batches` take beside the images.

    A batch has so many `parts`, and what the processes share has `forms`, as in `Room`.
    """

    recipe: Recipe
    plan: Plan
    pixels: Pixels
    background: tuple[float, ...]
    parts: int
    forms: list[Form]

    def text(self) -> bytes:
        """All of it, to be read by `read_setup`."""
        forms = [(form.shape, form.stride, str(form.dtype)) for form in self.forms]
        return json.dumps(
            {
                "recipe": recipe_text(self.recipe, complete=True),
                "shape": self.plan.input,
                "classes": self.plan.classes,
                "mean": self.pixels.mean,
                "sd": self.pixels.sd,
                "background": self.background,
                "parts": self.parts,
                "forms": forms,
            }
        ).encode()


def read_setup(text: bytes) -> WorkerSetup:
    """The setup of which `text` tells."""
    said = json.loads(text)
    recipe = recipe_of(read_value(said["recipe"], "the training's recipe"))
    return WorkerSetup(
        recipe,
        plan_network(recipe.network, tuple(said["shape"]), said["classes"]),
        Pixels(tuple(said["mean"]), tuple(said["sd"])),
        tuple(said["background"]),
        said["parts"],
        [
            Form(tuple(shape), tuple(stride), getattr(torch, dtype.removeprefix("torch.")))
            for shape, stride, dtype in said["forms"]
        ],
    )
