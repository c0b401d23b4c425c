"""The weights of every epoch, kept where a recipe asks for it."""

import numpy as np
import pytest

from toile.errors import ToileError
from toile.runs import CorruptFile, epoch_network, load_arrays, saved_epochs


def test_each_epochs_weights_are_kept_and_change_no_number(make_recorder, tmp_path):
    asked = make_recorder(tmp_path / "asked", training__keep="epochs")
    plain = make_recorder(tmp_path / "plain")
    for recorder in (asked, plain):
        for _ in recorder.record():
            pass
    assert saved_epochs(asked.run) == [1, 2, 3]
    last = load_arrays(tmp_path / "plain" / "last.safetensors").arrays
    network = epoch_network(asked.run, 3)
    assert np.array_equal(network.conv1.weight.detach().numpy(), last["conv1.weight"])
    first = epoch_network(asked.run, 1)
    assert not np.array_equal(first.conv1.weight.detach().numpy(), last["conv1.weight"])
    with pytest.raises(ToileError, match="keeps no weights of its epochs; train it with --set"):
        saved_epochs(plain.run)


def test_damaged_weights_of_an_epoch_are_said_by_their_file(make_recorder, tmp_path):
    recorder = make_recorder(tmp_path / "run", training__keep="epochs")
    for _ in recorder.record():
        pass
    path = tmp_path / "run" / "epochs" / "epoch-2.safetensors"
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    with pytest.raises(CorruptFile, match=r"epoch-2\.safetensors"):
        epoch_network(recorder.run, 2)
