"""What the library shows of a training."""

import builtins
import re
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import toile


def test_progress_is_shown_on_request(tmp_path, capfd):
    settings = {"training.epochs": 2, "network.conv1.filters": 2, "training.batch_size": 512}
    words = {"data": "fashion-sample", "settings": settings}
    quiet = toile.train("s1-lab", out=tmp_path / "quiet", **words)
    assert capfd.readouterr() == ("", "")
    toile.train("s1-lab", out=tmp_path / "shown", progress=True, **words)
    assert re.findall("epoch [0-9]", capfd.readouterr().err) == ["epoch 1", "epoch 2"]
    toile.resume(quiet, epochs=3, progress=True)
    assert re.findall("epoch [0-9]", capfd.readouterr().err) == ["epoch 3"]


class ZMQInteractiveShell:
    """What `get_ipython()` gives in a notebook, by the name that rich looks for."""


def test_a_notebook_is_shown_a_line_an_epoch(tmp_path, capfd, monkeypatch):
    shown = []
    package, display = ModuleType("IPython"), ModuleType("IPython.display")
    display.display = shown.append
    for module in (package, display):
        module.__spec__ = ModuleSpec(module.__name__, None)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    settings = {"training.epochs": 2, "network.conv1.filters": 2, "training.batch_size": 512}
    words = {"data": "fashion-sample", "settings": settings, "out": tmp_path / "run"}
    toile.train("s1-lab", progress=True, **words)
    texts = [one._repr_mimebundle_([], [])["text/plain"] for one in shown]
    assert [text[:7] for text in texts] == ["epoch 1", "epoch 2"]
    assert all(" acc " in text for text in texts)
    assert capfd.readouterr() == ("", "")
