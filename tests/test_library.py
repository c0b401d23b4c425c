"""What the library shows of a training."""

import re

import toile


def test_progress_is_shown_on_request(tmp_path, capfd):
    settings = ["training.epochs=2", "network.conv1.filters=2", "training.batch_size=512"]
    words = {"data": "fashion-sample", "settings": settings}
    quiet = toile.train("s1-lab", out=tmp_path / "quiet", **words)
    assert capfd.readouterr() == ("", "")
    toile.train("s1-lab", out=tmp_path / "shown", progress=True, **words)
    assert re.findall("epoch [0-9]", capfd.readouterr().err) == ["epoch 1", "epoch 2"]
    toile.resume(quiet, epochs=3, progress=True)
    assert re.findall("epoch [0-9]", capfd.readouterr().err) == ["epoch 3"]
