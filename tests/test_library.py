"""What the library shows of a training."""

import builtins
import os
import re
import signal
import subprocess
import sys
import threading
import time
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

import toile
from toile.process import first_interrupt_asks
from toile.runs import read_state


def test_progress_is_shown_on_request(tmp_path, capfd):
    settings = {"training.epochs": 2, "network.conv1.filters": 2, "training.batch_size": 512}
    words = {"data": "fashion-sample", "settings": settings}
    quiet = toile.train("s1-lab", out=tmp_path / "quiet", **words)
    assert capfd.readouterr() == ("", "")
    toile.train("s1-lab", out=tmp_path / "shown", progress=True, **words)
    shown = capfd.readouterr().err
    assert re.findall("epoch [0-9]", shown) == ["epoch 1", "epoch 2"]
    assert "note: validation: 5000 asked of 6000 images; took 1200, a fifth" in shown
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
    note, few_steps, about, *epochs = texts
    assert note.startswith("note: validation: 5000 asked of 6000 images")
    assert few_steps.startswith("note: 20 steps in all")
    assert about.startswith("run: 4,800 images to train on, 1,200 to validate; cpu")
    assert [text[:7] for text in epochs] == ["epoch 1", "epoch 2"]
    assert all(" acc " in text for text in epochs)
    assert capfd.readouterr() == ("", "")


def test_a_first_interrupt_stops_at_the_next_step_and_the_run_goes_on(tmp_path):
    """As a notebook's stop button does."""
    folder = tmp_path / "run"

    def press_once_it_trains() -> None:
        while not list(folder.glob("checkpoint/step-*.safetensors")):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    settings = {"training.epochs": 1000, "network.conv1.filters": 2, "training.threads": 1}
    words = {"data": "fashion-sample", "settings": settings, "out": folder}
    threading.Thread(target=press_once_it_trains, daemon=True).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        toile.train("s1-lab", checkpoint_seconds=0.0, **words)
    assert caught.value.__notes__ == [
        f"{folder} is stopped; toile.resume({str(folder)!r}) goes on with it"
    ]
    run = toile.open_run(folder)
    assert read_state(folder).status == "stopped"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    live = toile.go_on(run)
    step = live.fit.position.step
    assert step > 0
    assert next(iter(live)).step == step + 1


def test_a_second_interrupt_is_answered_at_once():
    with pytest.raises(KeyboardInterrupt), first_interrupt_asks() as asked:  # noqa: PT012
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")


def test_a_training_sets_its_process_up_as_the_command_line_does(tmp_path):
    code = (
        "import os, sys, warnings\n"
        "warnings.simplefilter('error')\n"
        "import toile\n"
        "print('torch' in sys.modules, os.environ.get('OMP_WAIT_POLICY'))\n"
        "settings = {'training.epochs': 1, 'training.threads': 2, 'network.conv1.filters': 2}\n"
        f"out = {str(tmp_path / 'run')!r}\n"
        "words = {'data': 'fashion-sample', 'settings': settings, 'out': out}\n"
        "toile.begin('s1-lab', **words).finish()\n"
        "print(os.environ.get('OMP_WAIT_POLICY'), 'torch._dynamo' in sys.modules)\n"
    )
    environment = {name: one for name, one in os.environ.items() if name != "OMP_WAIT_POLICY"}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "None", "PASSIVE", "False"]
    code = code.replace("/run'", "/late'").replace(".begin", ".train").replace(".finish()", "")
    late = [sys.executable, "-c", "import torch\n" + code]
    done = subprocess.run(late, env=environment, capture_output=True, text=True)
    assert "torch was imported before the first training of this process" in done.stderr
