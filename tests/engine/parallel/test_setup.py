"""What is told to another process is what it understands."""

import torch

from toile.engine.parallel.setup import WorkerSetup, read_setup
from toile.engine.parallel.shared import TensorSpec
from toile.network import Pixels
from toile.recipe import list_presets, plan_network


def test_a_task_is_read_as_it_was_told():
    specs = [TensorSpec((2, 3), (3, 1), torch.float32), TensorSpec((), (), torch.int64)]
    pixels = Pixels((0.1 + 0.2,), (1 / 3,))
    for recipe in list_presets().values():
        plan = plan_network(recipe.network, (1, 28, 28), 10)
        setup = WorkerSetup(recipe, plan, pixels, (0.7,), 2, specs)
        assert read_setup(setup.text()) == setup
