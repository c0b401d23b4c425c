import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from toile.errors import ToileError
from toile.export.safetensors_file import SafetensorsClassifier, SafetensorsFile
from toile.network import build_network

LAYERS = [{"conv": 3}, "batchnorm", {"residual": ["relu", "batchnorm"]}, "flatten",
          {"dense": "classes"}]  # fmt: skip


@pytest.fixture
def file(make_trained):
    return SafetensorsFile(make_trained(LAYERS))


def test_plain_safetensors_gives_a_state_dict_that_torch_takes(file, make_trained, tmp_path):
    from safetensors.torch import load as load_tensors

    tensors = load_tensors(file.content(file.about))
    network = build_network(file.about.plan, seed=9)
    network.load_state_dict(tensors)
    assert tensors["conv1.weight"].is_contiguous()
    assert {one.dtype for one in tensors.values()} == {torch.float32, torch.int64}
    own = make_trained(LAYERS).weights
    assert all(np.array_equal(tensors[name], own[name]) for name in own)


def test_the_network_is_built_from_nothing_but_the_file(file, make_trained, make_noise):
    opened = SafetensorsClassifier(file.content(file.about))
    reference = make_trained(LAYERS).model.logits(make_noise(4))
    np.testing.assert_array_equal(opened.logits(make_noise(4)), reference)


def test_a_file_without_metadata_of_toile_is_refused(file):
    weights = load(file.content(file.about))
    for metadata in (None, {"format": "pt"}):
        with pytest.raises(ToileError, match="no metadata of Toile"):
            SafetensorsClassifier(save(weights, metadata=metadata))


def test_weights_of_another_network_are_refused_by_name(file, make_noise):
    weights = load(file.content(file.about))
    del weights["dense1.bias"]
    content = save(weights, metadata={"toile": file.about.model_dump_json()})
    with pytest.raises(ToileError, match=r"another network: dense1\.bias has shape none"):
        SafetensorsClassifier(content).logits(make_noise(1))
