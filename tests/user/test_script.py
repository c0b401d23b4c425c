"""The script of `script.py` as people meet it: in a notebook, and under their type checker."""

import subprocess
import sys
import tomllib
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("script.py")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell gave: its texts by kind."""
    folder = tmp_path_factory.mktemp("notebook")
    _, *cells = SCRIPT.read_text().split("# %%\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_CACHE", str(folder / "cache"))
        patched.setenv("TOILE_RUNS", str(folder / "runs"))
        client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
        client.execute(cwd=str(folder))
    found = []
    for cell in notebook.cells:
        said = {"text": "", "text/html": ""}
        for one in cell.outputs:
            said["text"] += one.get("text", "")
            said["text/html"] += one.get("data", {}).get("text/html", "")
        found.append(said)
    return found


def test_each_object_at_the_end_of_a_cell_is_shown_as_html(outputs):
    _, data, run, *_, compared, plan = (one["text/html"] for one in outputs)
    assert "&lt;top&gt;" in data
    assert "<top>" not in data
    assert "40 images, sealed" in data
    assert "Wilson&#39;s 95 % interval" in run
    assert "<svg" in run
    assert "relu and gelu" in compared
    assert "multiply-adds an image" in plan


def test_the_cells_print_what_they_should(outputs):
    assert outputs[3]["text"] == "True 40 validation\n"
    assert outputs[4]["text"].startswith("(200,) (200, 3) ")
    assert outputs[5]["text"] == "(2,) (40,)\n"
    assert outputs[6]["text"] == "1 5\n"


def test_the_script_is_among_what_make_lint_types():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["strict"]
    assert str(SCRIPT.relative_to(ROOT)) in settings["files"]


@pytest.mark.slow
def test_the_script_is_typed(tmp_path):
    """Without our settings, and from an empty cache, as where it is written."""
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(SCRIPT)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
