"""Mistakes of a run whose hidden layer says nothing: no training image is the nearest."""

import torch

import toile
from toile.recipe import with_settings
from toile.workbench import inspected, view_mistakes
from toile.workbench.inside.mistaken import which_half


def test_where_all_training_images_are_equally_near_none_is_called_the_nearest(small, tmp_path):
    opened = inspected(toile.train(small(), out=tmp_path / "run"))
    network = opened.network
    last = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
    # Before the last layer all features are 0, as where all ReLUs are dead.
    silence = last.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 0,))
    rows = [module for module in network.children() if module is not last]
    hidden = rows[-1].register_forward_hook(lambda module, inputs, outputs: outputs * 0)
    view = view_mistakes(opened, 2, 3)
    silence.remove()
    hidden.remove()
    num = len(opened.trained_indices)
    assert [mistake["equally_near"] for mistake in view.record["mistakes"]] == [num, num]
    said = "; ".join(view.says)
    assert said.count(f"{num:,} training images are equally near to it") == 2
    assert "nearest training image" not in said
    assert "nearest " not in said.replace("nearest training", "")
    drawn = view.draw(False)
    assert len(drawn.axes[0].images) == 2


def test_what_the_other_half_chose_is_said_as_far_as_a_recipe_tells(small):
    def chose(**start: object) -> str:
        where = {"training.start": {"run": "a", "selected": True} | start}
        return which_half(with_settings(small(), where))

    weights = "the weights it begins with were chosen on the other half"
    assert chose() == chose(cut=[{"layer": "conv1", "channels": [0]}]) == weights
    assert chose(file="a.onnx").startswith("how its pictures are read")
    assert which_half(small()) == "the epoch was chosen on the other half"
