"""The examples in the docstrings of public names: there are some, and they run as written."""

import contextlib
import doctest
import inspect
import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import toile
from toile.engine.gradient import Gradient
from toile.workbench import robustness

DOCS = Path(__file__).parents[2] / "docs"
API = runpy.run_path(str(DOCS / "api.py"))
NAMES = [*(name for name in toile.__all__ if name != "__version__"), "ImageClassifier"]


@pytest.fixture(scope="module")
def at_hand(tmp_path_factory) -> Any:
    """What the examples go on from, as docs/api.md says it."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patched, contextlib.chdir(folder):
        patched.setenv("TOILE_RUNS", str(folder / "runs"))
        # A thousand pictures of no class, and as many attacked, take seconds.
        patched.setattr(robustness, "NO_CLASS", 20)
        patched.setattr(robustness, "ATTACKED", 50)
        # Each of the six ways that are timed would begin processes of its own.
        patched.setattr(Gradient, "begin_workers", lambda *_, **__: None)
        names = {}
        exec(re.search("```python\n(.*?)```", API["INTRODUCTION"], re.DOTALL)[1], names)
        recipe, data = names["recipe"], names["data"]
        toile.study(
            recipe, vary={"training.epochs": [1, 2]}, readings=2, on="inline", name="epochs"
        ).finish()
        search = {"trials": 2, "finalists": 1, "readings": 2, "on": "inline", "name": "batches"}
        toile.search(recipe, over={"training.batch_size": [32, 64]}, **search).finish()
        Image.fromarray(data.train.pixels[0, 0]).save("photo.png")
        yield names | {
            "relu_runs": [toile.train(recipe, seed=seed) for seed in (1, 2)],
            "gelu_runs": [
                toile.train(recipe, seed=seed, settings={"network.relu1": "gelu"})
                for seed in (1, 2)
            ],
        }


def examples_of(name: str) -> list[doctest.DocTest]:
    """Those of a function, or of a class and its public methods and properties."""
    public = inspect.unwrap(API["_public"](name))
    found = doctest.DocTestFinder(exclude_empty=True).find(public, name, globs={})
    return [one for one in found if one.examples]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_examples_that_run(name, at_hand, monkeypatch):
    examples = examples_of(name)
    assert examples, f"toile.{name} has no example in its docstring"
    # Where the runs are that the examples speak of.
    monkeypatch.setenv("TOILE_RUNS", str(at_hand["run"].folder.parent))
    monkeypatch.chdir(at_hand["run"].folder.parent.parent)
    said: list[str] = []
    for example in examples:
        example.globs = dict(at_hand)
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)
    assert os.getcwd() == str(at_hand["run"].folder.parent.parent)


def test_what_a_shell_shows_of_large_results_is_a_line(at_hand):
    run, net = at_hand["run"], at_hand["run"].classifier()
    study = toile.open_study(run.folder.parent / "epochs")
    described = toile.describe(at_hand["data"])
    for result in (net, run.history, toile.evaluate(run), study, described):
        shown = repr(result)
        assert shown.startswith(f"{type(result).__name__}(")
        assert len(shown) < 120, shown


def test_a_call_on_the_page_has_all_its_arguments():
    page = (DOCS / "api.md").read_text()
    assert "remove(*entries: Entry) -> list[Binned]" in page


def test_the_page_of_the_library_has_them_all_and_is_of_today():
    page = (DOCS / "api.md").read_text()
    assert all(f"\n### {name}\n" in page for name in NAMES)
    assert runpy.run_path(str(DOCS / "api.py"))["api_markdown"]() == page, (
        "write it anew: make docs"
    )
